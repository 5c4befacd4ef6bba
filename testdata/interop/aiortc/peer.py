"""aiortc as the other end of a call with dialtone; see ../signaling.py."""

import asyncio
import os
import sys
import threading

import aioice
import aiortc
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from aiortc.sdp import candidate_from_sdp

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import signaling  # noqa: E402

# Nothing but the loopback interface, which aioice leaves out by itself.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class Peer:
    def __init__(self, arguments):
        self.arguments = arguments
        self.seen = signaling.Seen(arguments, aiortc.__version__)
        self.connected, self.over = asyncio.Event(), asyncio.Event()
        self.why = "time"
        self.tasks = []
        self.pc = aiortc.RTCPeerConnection()
        self.pc.on("track", lambda track: self.tasks.append(asyncio.ensure_future(self.take(track))))
        self.pc.on("datachannel", self.listen)
        self.pc.on("connectionstatechange", self.changed)

    def changed(self):
        if self.pc.connectionState == "connected":
            self.connected.set()
        elif self.pc.connectionState in ("closed", "failed"):
            self.end(self.pc.connectionState)

    def end(self, why):
        if not self.over.is_set():
            self.why = why
            self.over.set()

    def add_media(self):
        if not self.arguments.sends:
            for kind in ("audio", "video"):
                self.pc.addTransceiver(kind, direction="recvonly")
            return
        for track in (AudioStreamTrack(), VideoStreamTrack()):
            if self.arguments.offers:
                self.pc.addTransceiver(track, direction=self.arguments.direction)
            else:
                self.pc.addTrack(track)

    async def take(self, track):
        """Decode what comes in."""
        try:
            while True:
                await track.recv()
                self.seen.report[track.kind] += 1
        except MediaStreamError:
            pass

    def listen(self, channel):
        """Answer on a channel that the other side has opened."""
        self.seen.report["channels"].append(channel.label)

        def message(text):
            answer = signaling.reply_to(channel.label, text)
            if answer is not None:
                channel.send(answer)
            if channel.label == "chat":
                self.seen.report["echoed"] = True
            if signaling.is_farewell(channel.label, text):
                self.end("reject")

        channel.on("message", message)

    def call_out(self):
        """Open a channel and look for the echo."""
        channel = self.pc.createDataChannel("chat")
        channel.on("open", lambda: channel.send("hello from aiortc"))

        def message(text):
            self.seen.report["echoed"] |= text == "hello from aiortc"

        channel.on("message", message)

    async def describe(self):
        """Our offer."""
        if self.arguments.data:
            self.call_out()
        self.add_media()
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def take_answer(self, sdp):
        await self.pc.setRemoteDescription(aiortc.RTCSessionDescription(sdp, "answer"))

    async def offer(self):
        caller = signaling.Caller(self.arguments)
        await self.take_answer(await asyncio.to_thread(caller.exchange, await self.describe()))
        await self.hold()
        await asyncio.to_thread(caller.end)
        self.end("close")

    async def hold(self):
        """Wait until the call has lasted and enough was seen."""
        await asyncio.wait_for(self.connected.wait(), signaling.PATIENCE)
        await asyncio.sleep(signaling.STAY)
        for _ in range(signaling.PATIENCE * 10):
            if self.seen.enough():
                break
            await asyncio.sleep(0.1)

    async def answer(self, sdp):
        await self.pc.setRemoteDescription(aiortc.RTCSessionDescription(sdp, "offer"))
        if self.arguments.sends:
            self.add_media()
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return self.pc.localDescription.sdp


    async def meet(self):
        """Place the call through a room."""
        loop, answers = asyncio.get_running_loop(), []

        def wait(coroutine):
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

        def add(candidate):
            c = candidate_from_sdp(candidate["candidate"].split(":", 1)[1])
            c.sdpMid, c.sdpMLineIndex = candidate["sdpMid"], candidate["sdpMLineIndex"]
            wait(self.pc.addIceCandidate(c))

        def exchange():
            room = signaling.Room(self.arguments)
            if self.arguments.offers:
                room.exchange(True, lambda: wait(self.describe()), lambda sdp: wait(self.take_answer(sdp)))
            else:
                room.exchange(False, answers.pop, lambda sdp: answers.append(wait(self.answer(sdp))))
            room.follow(lambda c: c["candidate"] and add(c), self.connected.is_set)

        await asyncio.to_thread(exchange)
        if self.arguments.offers:
            await self.hold()
            self.end("close")
        else:
            await asyncio.wait_for(self.over.wait(), 2 * signaling.PATIENCE)


async def main():
    arguments = signaling.Arguments()
    if arguments.checks:
        return
    peer = Peer(arguments)
    if arguments.room:
        await peer.meet()
    elif arguments.offers:
        await peer.offer()
    else:
        loop = asyncio.get_running_loop()
        endpoint = signaling.Endpoint(arguments, lambda sdp: asyncio.run_coroutine_threadsafe(peer.answer(sdp), loop).result())
        threading.Thread(target=endpoint.serve, daemon=True).start()
        threading.Thread(target=lambda: loop.call_soon_threadsafe(peer.end, endpoint.ended.get()), daemon=True).start()
        await asyncio.wait_for(peer.over.wait(), 2 * signaling.PATIENCE)
    await peer.pc.close()
    peer.seen.tell(peer.why)
    sys.stdout.flush()
    os._exit(0)  # threads that wait would keep the process


asyncio.run(main())
