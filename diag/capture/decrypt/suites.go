package decrypt

import (
	"crypto/sha1" //nolint:gosec // the suite has it
	"crypto/sha256"
	"crypto/sha512"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/ciphersuite"
	"github.com/pion/dtls/v3/pkg/crypto/prf"
	"github.com/pion/dtls/v3/pkg/protocol/recordlayer"
)

// recordCipher opens records that go one way.
type recordCipher interface {
	Decrypt(h recordlayer.Header, record []byte) ([]byte, error)
}

// suite is what a cipher suite of DTLS 1.2 needs: the lengths of its keys in bytes.
type suite struct {
	mac, key, iv int
	hash         prf.HashFunc
	cipher       func(key, iv, mac []byte) (recordCipher, error)
}

// suites are those that pion offers and accepts.
var suites = map[uint16]suite{
	uint16(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256):       {0, 16, 4, sha256.New, gcm},
	uint16(dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256):         {0, 16, 4, sha256.New, gcm},
	uint16(dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384):       {0, 32, 4, sha512.New384, gcm},
	uint16(dtls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384):         {0, 32, 4, sha512.New384, gcm},
	uint16(dtls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256): {0, 32, 12, sha256.New, chacha},
	uint16(dtls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256):   {0, 32, 12, sha256.New, chacha},
	uint16(dtls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA):          {20, 32, 16, sha256.New, cbc},
	uint16(dtls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA):            {20, 32, 16, sha256.New, cbc},
}

// Only what comes is opened, so the keys of what would be sent do not matter.

func gcm(key, iv, _ []byte) (recordCipher, error) { return ciphersuite.NewGCM(key, iv, key, iv) }

func chacha(key, iv, _ []byte) (recordCipher, error) {
	return ciphersuite.NewChaCha20Poly1305(key, iv, key, iv)
}

func cbc(key, iv, mac []byte) (recordCipher, error) {
	return ciphersuite.NewCBC(key, iv, mac, key, iv, mac, sha1.New)
}
