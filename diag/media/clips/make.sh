#!/bin/sh
# Makes the clips that dialtone sends. Run it here, with an ffmpeg that has libopus, libvpx, libx264 and libaom:
#
#	go generate dialtone/diag/media
#
# The clips are committed, so nobody needs ffmpeg to build; encoders differ, so the bytes may too.
set -eu
cd "$(dirname "$0")"
encode() { ffmpeg -hide_banner -loglevel error -y "$@"; }

# The tone: 440 Hz, mono. 10 s are 4400 whole periods, and the first second, in which an encoder settles, is cut off: the
# end fits the beginning. Opus: 500 packets of 20 ms. G.711 and G.722: 1 s, 160 bytes every 20 ms, without a container.
tone=sine=frequency=440:duration=12:sample_rate
long=$(mktemp)
trap 'rm -f "$long"' EXIT
encode -f lavfi -i $tone=48000 -c:a libopus -b:a 32k -vbr off -frame_duration 20 -application audio -map_metadata -1 \
	-f ogg "$long"
encode -i "$long" -ss 1 -t 10 -c:a copy -map_metadata -1 -fflags +bitexact -page_duration 1 tone.ogg
encode -f lavfi -i $tone=8000 -t 1 -c:a pcm_mulaw -f mulaw tone.ul
encode -f lavfi -i $tone=8000 -t 1 -c:a pcm_alaw -f alaw tone.al
encode -f lavfi -i $tone=16000 -c:a g722 -f g722 "$long"
tail -c +8001 "$long" | head -c 8000 >tone.g722

# The picture: 320×240, 25 frames a second, 4 s, a key frame every 2 s, no frame that is not shown or is shown later:
# a key frame is all that is needed to start from it. H264 is constrained baseline, in slices that fit in a packet.
# The last row of blocks of 16×16 pixels holds the frame's number (diag/media/picture reads it): white, black, seven bits,
# the lowest first, their parity, black, white. Only white blocks are drawn.
box() { printf ',drawbox=x=%d:y=224:w=16:h=16:color=white:t=fill:enable=%s' $(($1 * 16)) "$2"; }
parity=0
marks=,drawbox=x=0:y=224:w=192:h=16:color=black:t=fill$(box 0 1)$(box 11 1)
for bit in 0 1 2 3 4 5 6; do
	value="mod(floor(n/$((1 << bit)))\\,2)"
	marks=$marks$(box $((bit + 2)) "$value")
	parity=$parity+$value
done
marks=$marks$(box 9 "mod($parity\\,2)")
picture="-f lavfi -i testsrc2=size=320x240:rate=25:duration=4$marks -pix_fmt yuv420p -threads 1 -map_metadata -1
	-fflags +bitexact -flags:v +bitexact -g 50 -keyint_min 50 -b:v 150k -minrate 150k -maxrate 150k -bufsize 150k"
# shellcheck disable=SC2086 # the options are words
{
	encode $picture -c:v libvpx -auto-alt-ref 0 -lag-in-frames 0 -deadline good -cpu-used 0 picture.vp8.ivf
	encode $picture -c:v libvpx-vp9 -auto-alt-ref 0 -lag-in-frames 0 -deadline good -cpu-used 1 picture.vp9.ivf
	encode $picture -c:v libx264 -preset veryslow -tune zerolatency -profile:v baseline -level 3.1 \
		-x264-params slice-max-size=1100:scenecut=0:aud=1:repeat-headers=1 -f h264 picture.h264
	encode $picture -c:v libaom-av1 -usage realtime -lag-in-frames 0 -cpu-used 5 picture.av1.ivf
}
