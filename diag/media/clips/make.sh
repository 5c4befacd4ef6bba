#!/bin/sh
# Makes the two clips that dialtone sends. Run it here, with an ffmpeg that has libopus and libvpx:
#
#	go generate dialtone/diag/media
#
# The clips are committed, so nobody needs ffmpeg to build; encoders differ, so the bytes may too.
set -eu
cd "$(dirname "$0")"

# tone.ogg: 440 Hz, Opus, mono, 500 packets of 20 ms, each in an Ogg page of its own (pion's reader returns pages).
# 10 s are 4400 whole periods, and the first second, in which the encoder settles, is cut off: the end fits the beginning.
long=$(mktemp)
trap 'rm -f "$long"' EXIT
ffmpeg -hide_banner -loglevel error -y -f lavfi -i "sine=frequency=440:sample_rate=48000:duration=12" \
	-c:a libopus -b:a 32k -vbr off -frame_duration 20 -application audio -map_metadata -1 -f ogg "$long"
ffmpeg -hide_banner -loglevel error -y -i "$long" -ss 1 -t 10 -c:a copy -map_metadata -1 \
	-fflags +bitexact -page_duration 1 tone.ogg

# picture.ivf: VP8, 320×240, 25 frames a second, 10 s, a key frame every 2 s, no alternate reference frames:
# every frame is shown, and a key frame is all that is needed to start from it.
ffmpeg -hide_banner -loglevel error -y -f lavfi -i "testsrc2=size=320x240:rate=25:duration=10" \
	-pix_fmt yuv420p -c:v libvpx -b:v 150k -minrate 150k -maxrate 150k -bufsize 150k -g 50 -keyint_min 50 \
	-auto-alt-ref 0 -lag-in-frames 0 -deadline good -cpu-used 0 -threads 1 -map_metadata -1 \
	-fflags +bitexact -flags:v +bitexact picture.ivf
