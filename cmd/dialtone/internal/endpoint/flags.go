package endpoint

import "errors"

// TLSFlags let a server speak https, without which browsers give no camera and no microphone.
type TLSFlags struct {
	TLS     bool   `name:"tls" help:"Serve https. Without --tls-cert and --tls-key, each start makes a self-signed certificate and prints its fingerprint."`
	TLSCert string `path:"reads" name:"tls-cert" placeholder:"FILE" help:"Serve https with the certificate in this PEM file, followed by its intermediates."`
	TLSKey  string `path:"reads" name:"tls-key" placeholder:"FILE" help:"PEM file with the private key of --tls-cert."`
}

// Complete says what is missing, or nil.
func (f *TLSFlags) Complete() error {
	switch {
	case f.TLSCert != "" && f.TLSKey == "":
		return errors.New("--tls-cert needs its key: add --tls-key FILE")
	case f.TLSCert == "" && f.TLSKey != "":
		return errors.New("--tls-key needs its certificate: add --tls-cert FILE, or leave it out and give --tls")
	}
	return nil
}

// Wanted says what is to be served.
func (f *TLSFlags) Wanted() TLS {
	return TLS{New: f.TLS, Cert: f.TLSCert, Key: f.TLSKey}
}
