// Package web is the HTTP that the signalings have in common: one request with its times, redirects, a bearer token
// that does not leave its origin, bounded answers, and failures named so that a person knows what to do.
package web
