"""What the counterparts in Python have in common: their command line, the POST of an offer, WHIP and WHEP, and the report.

A counterpart is run as

    peer.py offer URL --signaling offer|whip|whep     posts an offer to URL and ends the call when it has seen enough
    peer.py answer --signaling offer|whip|whep        prints "listening on URL", answers one call and stays until it ends
    peer.py offer|answer PAGE --signaling room        dials w1 at the server of a call page: first, or second
    peer.py check                                     exits with 0 if everything that a call needs is installed

and prints one line "saw {JSON}" before it exits with 0.
"""

import argparse
import json
import queue
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# How long a counterpart that offers stays after the connection is up: the judge wants two seconds of media.
STAY = 3.5
# How long anything may take before a counterpart gives up.
PATIENCE = 30
# How much of each kind has to come in until a counterpart has seen enough.
ENOUGH = {"audio": 50, "video": 20}


class Arguments:
    """What a counterpart is asked to do."""

    def __init__(self):
        parser = argparse.ArgumentParser()
        parser.add_argument("role", choices=["offer", "answer", "check"])
        parser.add_argument("url", nargs="?")
        parser.add_argument("--signaling", choices=["offer", "whip", "whep", "room"], default="offer")
        parser.add_argument("--audio", default="opus", help="name of a codec, for counterparts with a choice")
        parser.add_argument("--video", default="VP8", help="likewise")
        given = parser.parse_args()
        self.codecs = {"audio": given.audio, "video": given.video}
        self.checks = given.role == "check"  # the imports have succeeded already
        self.offers, self.url, self.signaling = given.role == "offer", given.url, given.signaling
        self.room = given.signaling == "room"
        self.data = self.room or given.signaling == "offer"
        self.sends = self.data or (given.signaling == "whip") == self.offers
        self.receives = self.data or not self.sends

    @property
    def direction(self):
        return {(True, True): "sendrecv", (True, False): "sendonly"}.get((self.sends, self.receives), "recvonly")


def request(method, url, body=None, kind=None):
    """Make a request of the kind that a call needs; what is not a 2xx is an exception."""
    headers = {"Content-Type": kind} if kind else {}
    asked = urllib.request.Request(url, body.encode() if body is not None else None, headers, method=method)
    with urllib.request.urlopen(asked, timeout=PATIENCE) as response:
        return response.read().decode(), response.headers


class Caller:
    """The client's end of a signaling."""

    def __init__(self, arguments):
        self.url, self.json, self.session = arguments.url, arguments.data, None

    def exchange(self, sdp):
        """Post an offer, return the answer."""
        if self.json:
            body, _ = request("POST", self.url, json.dumps({"type": "offer", "sdp": sdp}), "application/json")
            return json.loads(body)["sdp"]
        body, headers = request("POST", self.url, sdp, "application/sdp")
        self.session = urllib.parse.urljoin(self.url, headers["Location"])
        return body

    def end(self):
        """End the session, where there is one."""
        if self.session:
            request("DELETE", self.session)


class Endpoint:
    """The server's end of a signaling. answer takes the SDP of an offer and returns that of the answer."""

    def __init__(self, arguments, answer):
        self.ended = queue.Queue()
        whole, ended = arguments.data, self.ended

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if whole:
                    self.reply(200, "application/json", json.dumps({"type": "answer", "sdp": answer(json.loads(body)["sdp"])}))
                else:
                    self.reply(201, "application/sdp", answer(body), Location="/session/1")

            def do_DELETE(self):
                self.reply(200, "text/plain", "")
                ended.put("DELETE")

            def reply(self, status, kind, body, **more):
                self.send_response(status)
                raw = body.encode()
                for name, value in {"Content-Type": kind, "Content-Length": len(raw), **more}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(f"listening on http://127.0.0.1:{self.server.server_address[1]}/{arguments.signaling}", flush=True)

    def serve(self):
        self.server.serve_forever()


class Room:
    """A client of the room protocol that behaves as the original page does: it polls every three seconds and knows no wait_ms,
    posts its candidates all at once, and stops when the connection is up."""

    PAUSE = 3

    def __init__(self, arguments):
        self.url = arguments.url + "call_line_process/"
        self.user = self.post("dial", call_code="w1")["user_id"]
        print("waiting for the other party", flush=True)

    def post(self, code, **fields):
        body, _ = request("POST", self.url, json.dumps({"code": code, **fields}), "application/json")
        return json.loads(body) if body else None

    def status(self):
        """Poll until there is something."""
        while True:
            told = self.post("get_status", user_id=self.user)
            if told:
                return told
            time.sleep(self.PAUSE)

    def send(self, kind, sdp):
        """Send a description, and its candidates in requests that overlap."""
        self.post(kind, user_id=self.user, **{kind: {"type": kind, "sdp": without_candidates(sdp)}})
        for candidate in candidates(sdp):
            threading.Thread(target=self.post, args=["ice"], kwargs={"user_id": self.user, "ice": candidate}).start()

    def exchange(self, offers, describe, take):
        """Exchange descriptions: describe gives the SDP of ours, of the answer after the offer was taken."""
        if offers:
            self.expect("need_init")
            self.send("offer", describe())
            take(self.expect("answered")["answer"]["sdp"])
        else:
            take(self.expect("offered")["offer"]["sdp"])
            self.send("answer", describe())

    def expect(self, code):
        told = self.status()
        if told["code"] != code:
            raise ValueError(f"{told['code']} instead of {code}")
        return told

    def follow(self, add, connected):
        """Hand the other side's candidates on until the connection is up."""
        while not connected():
            for candidate in self.post("get_status", user_id=self.user).get("new_ice_routes", []):
                if candidate:
                    add(candidate)
            time.sleep(self.PAUSE)


def candidates(sdp):
    """The candidates of a description, each as an RTCIceCandidateInit."""
    found, index = [], -1
    for line in sdp.splitlines():
        index += line.startswith("m=")
        if line.startswith("a=candidate:"):
            found.append((index, line[2:]))
    mids = [line[len("a=mid:"):] for line in sdp.splitlines() if line.startswith("a=mid:")]
    return [{"candidate": c, "sdpMLineIndex": n, "sdpMid": mids[n]} for n, c in found]


def without_candidates(sdp):
    """A description as a peer that trickles sends it."""
    return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(("a=candidate:", "a=end-of-candidates")))


def reply_to(label, text):
    """What a message on a channel of dialtone's is answered with; None: nothing."""
    if label == "ping":
        return json.dumps({"pong": json.loads(text)["ping"]}) if "ping" in text else None
    return text if label == "chat" else None


def is_farewell(label, text):
    """Whether a message says that the call is over."""
    return label in ("system_channel", "special_datachannel") and json.loads(text).get("code") == "reject"


class Seen:
    """What a counterpart has seen of the call."""

    def __init__(self, arguments, version):
        self.arguments = arguments
        self.report = {"version": version, "audio": 0, "video": 0, "echoed": False, "channels": [], "ended": ""}

    def enough(self):
        media = not self.arguments.receives or all(self.report[kind] >= n for kind, n in ENOUGH.items())
        return media and (not self.arguments.data or self.report["echoed"])

    def tell(self, ended):
        self.report["ended"] = ended
        print("saw " + json.dumps(self.report), flush=True)
