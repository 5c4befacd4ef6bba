package main

import (
	"fmt"
	"net/url"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/files"
	"dialtone/cmd/dialtone/internal/icelist"
	"dialtone/cmd/dialtone/internal/iceservers"
	"dialtone/cmd/dialtone/internal/loads"
	"dialtone/cmd/dialtone/internal/reports"
	"dialtone/cmd/dialtone/internal/requests"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/telemetry"
	"dialtone/cmd/dialtone/internal/throughput"
	"dialtone/diag/assert"
	diagcheck "dialtone/diag/check"
	"dialtone/diag/impair"
	"dialtone/signal/room"
)

// Types of settings whose texts have a form of their own.
type (
	count         int     // from 1
	playback      float64 // speed of a replay
	listenAddress = endpoint.Address
	serverURL     string // a signaling server's page, normalized
	caFile        = endpoint.Authorities
)

// maxCount bounds how many calls a check may place.
const maxCount = 10_000

// decoders of all types of settings.
func decoders() settings.Decoders {
	d := settings.Decoders{}
	settings.Add(d, settings.Number[count](1, maxCount, false))
	settings.Add(d, settings.Number[settings.Limit](1, 1<<31-1, true))
	settings.Add(d, settings.Number[settings.Rate](0.001, 1e9, true))
	settings.Add(d, settings.Number[playback](0.25, 16, false))
	throughput.AddDecoders(d)
	settings.Add(d, endpoint.ParseAddress)
	settings.Add(d, parseServerURL)
	settings.Add(d, endpoint.ParseAuthorities)
	settings.Add(d, files.ParseSize)
	settings.Add(d, telemetry.ParseURL)
	settings.Add(d, parseAudioCodec)
	settings.Add(d, parseVideoCodec)
	settings.Add(d, parseMediaFile)
	settings.Add(d, icelist.Parse)
	settings.Add(d, impair.Parse)
	settings.Add(d, parseAssertion)
	settings.Add(d, reports.Parse)
	settings.Add(d, endpoint.ParseLocal)
	settings.Add(d, parseNATSide)
	settings.Add(d, iceservers.ParseSTUN)
	settings.Add(d, iceservers.ParseTURN)
	settings.Add(d, iceservers.ParseNetwork)
	settings.Add(d, requests.ParseHeader)
	settings.Add(d, parseICESource)
	settings.Add(d, requests.ParseField)
	loads.Decoders(d)
	return d
}

// parseServerURL takes a signaling server as people paste it.
func parseServerURL(raw string) (serverURL, error) {
	u, err := room.Endpoint(raw)
	if err != nil {
		return "", advised(err)
	}
	return serverURL(u.ResolveReference(&url.URL{Path: ".."}).String()), nil
}

func parseAssertion(raw string) (*assert.Assertion, error) {
	a, err := diagcheck.ParseAssertion(raw)
	if err != nil {
		return nil, fmt.Errorf("%w; docs/reference/check.md lists all names", err)
	}
	return a, nil
}
