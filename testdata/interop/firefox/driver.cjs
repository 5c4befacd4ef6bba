// Drives one Firefox for the browser tests, over WebDriver BiDi. Requests come as lines of JSON on stdin, {id, do, page, …}, and
// are answered by {id, value} or {id, error}; {page, complaint} is what a page must not do. The end of stdin ends all.
"use strict";
const readline = require("node:readline");
const puppeteer = require("puppeteer-core");

// Nothing of ICE is set: addresses are hidden behind mDNS names, and loopback has no candidates. The rest is fake devices,
// and requests to its maker's servers that are not made.
const preferences = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "media.gmp-manager.updateEnabled": false,
  "intl.accept_languages": "en-GB, en",
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "app.update.enabled": false,
};

// With a library to preload (lookahead.c), Firefox has H264: from libavcodec, for which it needs to believe in hardware.
const preload = process.argv[3];
if (preload) {
  Object.assign(preferences, {
    "media.webrtc.hw.h264.enabled": true,
    "gfx.blacklist.webrtc.hw.acceleration.h264": 1, // 1: available
    "media.webrtc.encoder_creation_strategy": 1, // 1: the platform's encoder first
  });
}

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const pages = new Map();

// watch reports errors, warnings and exceptions of a page, and requests that its policy forbids.
function watch(page, id) {
  const complain = (complaint) => say({ page: id, complaint });
  page.on("pageerror", (e) => complain(`exception: ${e.message ?? e}`));
  page.on("console", (m) => { if (["error", "warn", "assert"].includes(m.type())) complain(`console: ${m.text()}`); });
}

const reportViolations = `addEventListener("securitypolicyviolation", (e) => console.error("violates " + e.violatedDirective + ": " + e.blockedURI));`;

// click waits for an element that is shown and enabled, in the page.
async function click(element) {
  for (const end = Date.now() + 60_000; ; await new Promise((done) => { setTimeout(done, 30); })) {
    const button = document.getElementById(element);
    if (button && !button.disabled && button.getClientRects().length > 0) return button.click();
    if (Date.now() > end) throw new Error(`no ${element} to click on`);
  }
}

const requests = {
  // A page is in a window: timers and pictures of a tab that is not shown stand still.
  async open(browser, { page: id, scripts }) {
    const context = await browser.createBrowserContext();
    const page = await context.newPage({ type: "window" });
    watch(page, id);
    for (const script of [reportViolations, ...scripts]) await page.evaluateOnNewDocument(script);
    pages.set(id, { context, page });
  },
  go: (_, { page, url }) => pages.get(page).page.goto(url),
  evaluate: async (_, { page, expression }) => (await pages.get(page).page.evaluate(`(async () => JSON.stringify(await (${expression})))()`)),
  // Of several windows Firefox draws few, and input actions wait for a picture: the events come from the page itself.
  click: (_, { page, element }) => pages.get(page).page.evaluate(click, element),
  enter: (_, { page, element, text }) => pages.get(page).page.evaluate((element, text) => {
    const input = document.getElementById(element);
    input.value = text;
    input.form.requestSubmit();
  }, element, text),
  async close(_, { page }) {
    await pages.get(page).context.close();
    pages.delete(page);
  },
};

(async () => {
  const browser = await puppeteer.launch({
    env: preload ? { ...process.env, LD_PRELOAD: preload } : process.env,
    browser: "firefox", executablePath: process.argv[2], headless: true, extraPrefsFirefox: preferences, acceptInsecureCerts: true, protocolTimeout: 300_000,
  });
  say({ version: await browser.version() });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    requests[request.do](browser, request).then(
      (value) => say({ id: request.id, value: typeof value === "string" ? value : "null" }),
      (e) => say({ id: request.id, error: String(e.message ?? e) }),
    );
  }
  await browser.close();
})();
