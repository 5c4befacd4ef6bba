// Package conform checks a WHIP endpoint against RFC 9725 §4: each requirement that a client can observe is one check
// with its section, what was sent and what was seen.
//
//	report, err := conform.Run(ctx, conform.Options{URL: "https://…/whip", Offer: freshOffer})
//
// A MUST (or MUST) that is not kept fails, a SHOULD warns. What depends on something that the server does not do
// (PATCH, a token, ICE servers) is skipped with the reason. What cannot be seen without media (consent, congestion
// control, simulcast) is not checked. The sessions that the checks make are deleted again; no media is sent.
package conform
