// Command image packs the program for containers: an OCI image layout in a tar file (image-spec 1.1), with one image
// for each architecture, which docker load, podman load and skopeo read. An image holds the program, the root
// certificates of Mozilla and a user; nothing else. The same input gives the same bytes. It is a module of its own: the
// program needs none of what it imports.
//
//	go run . VERSION UNIX-TIME TO.tar ARCHITECTURE=PROGRAM…
//	go run . unpack FROM.tar ARCHITECTURE TO       writes the file system of an image, to try it without an engine
package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

const user = "65532" // as in other images without a shell

func main() {
	switch {
	case len(os.Args) == 5 && os.Args[1] == "unpack":
		fail(unpack(os.Args[2], os.Args[3], os.Args[4]))
	case len(os.Args) > 4:
		seconds, err := strconv.ParseInt(os.Args[2], 10, 64)
		fail(err)
		fail(write(os.Args[1], time.Unix(seconds, 0).UTC(), os.Args[3], os.Args[4:]))
	default:
		fail(errors.New("usage: image VERSION UNIX-TIME TO.tar ARCHITECTURE=PROGRAM…, or " +
			"image unpack FROM.tar ARCHITECTURE TO"))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// write makes the layout of all images and puts it into a tar file.
func write(version string, at time.Time, to string, programs []string) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range programs {
		architecture, path, _ := strings.Cut(p, "=")
		program, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		img, err := image(version, at, architecture, program)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "linux", Architecture: architecture},
		}})
	}
	dir, err := os.MkdirTemp("", "image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := layout.Write(dir, mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	if err != nil {
		return err
	}
	if err := l.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": version, "io.containerd.image.name": "localhost/dialtone:" + version,
	})); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := pack(out, dir, at); err != nil {
		return err
	}
	return out.Close()
}

// image is the one for an architecture.
func image(version string, at time.Time, architecture string, program []byte) (v1.Image, error) {
	files, err := root(at, program)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{
		Created: v1.Time{Time: at}, Comment: "the program and root certificates",
	}})
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", architecture, v1.Time{Time: at}
	config.Config = v1.Config{
		User: user + ":" + user, WorkingDir: "/home/dialtone", Entrypoint: []string{"/usr/bin/dialtone"},
		Cmd: []string{"--help"},
		Env: []string{"PATH=/usr/bin", "HOME=/home/dialtone", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"},
		Labels: map[string]string{
			"org.opencontainers.image.title": "dialtone", "org.opencontainers.image.version": version,
			"org.opencontainers.image.licenses": "MIT",
			"org.opencontainers.image.description": "Places a real WebRTC call and reports whether it works, how well, " +
				"and if not, why.",
		},
	}
	return mutate.ConfigFile(img, config)
}

// root is the file system, as a tar file.
func root(at time.Time, program []byte) ([]byte, error) {
	var roots bytes.Buffer
	for c := range bundle.Roots() {
		if c.Constraint != nil { // a file cannot say until when its certificates are trusted
			continue
		}
		if err := pem.Encode(&roots, &pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate}); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	owner, _ := strconv.Atoi(user)
	for _, f := range []struct {
		name  string
		mode  int64
		owner int
		data  []byte
	}{
		{"etc/", 0o755, 0, nil},
		{"etc/group", 0o644, 0, []byte("root:x:0:\ndialtone:x:" + user + ":\n")},
		{"etc/passwd", 0o644, 0, []byte("root:x:0:0:root:/:\ndialtone:x:" + user + ":" + user + "::/home/dialtone:\n")},
		{"etc/ssl/", 0o755, 0, nil},
		{"etc/ssl/certs/", 0o755, 0, nil},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, 0, roots.Bytes()},
		{"home/", 0o755, 0, nil},
		{"home/dialtone/", 0o755, owner, nil},
		{"tmp/", 0o1777, 0, nil},
		{"usr/", 0o755, 0, nil},
		{"usr/bin/", 0o755, 0, nil},
		{"usr/bin/dialtone", 0o755, 0, program},
	} {
		if err := add(w, f.name, f.mode, f.owner, at, f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// add writes a file, or a directory if its name ends with a slash.
func add(w *tar.Writer, name string, mode int64, owner int, at time.Time, data []byte) error {
	h := &tar.Header{
		Name: name, Mode: mode, Uid: owner, Gid: owner, ModTime: at, Size: int64(len(data)), Typeflag: tar.TypeReg,
	}
	if strings.HasSuffix(name, "/") {
		h.Typeflag = tar.TypeDir
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// pack puts a directory into a tar file, by the order of the names.
func pack(to io.Writer, dir string, at time.Time) error {
	w := tar.NewWriter(to)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return add(w, filepath.ToSlash(name)+"/", 0o755, 0, at, nil)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return add(w, filepath.ToSlash(name), 0o644, 0, at, data)
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// unpack writes the file system of the image for an architecture into a directory.
func unpack(from, architecture, to string) error {
	dir, err := os.MkdirTemp("", "image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := extract(file, dir); err != nil {
		return err
	}
	outer, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return err
	}
	indexes, err := partial.FindIndexes(outer, func(v1.Descriptor) bool { return true }) // of the architectures: one
	if err != nil {
		return err
	}
	var images []v1.Image
	for _, index := range indexes {
		found, err := partial.FindImages(index, match.Platforms(v1.Platform{OS: "linux", Architecture: architecture}))
		if err != nil {
			return err
		}
		images = append(images, found...)
	}
	if len(images) != 1 {
		return fmt.Errorf("%d images for %s", len(images), architecture)
	}
	files := mutate.Extract(images[0])
	defer files.Close()
	return extract(files, to)
}

// extract writes the files of a tar file.
func extract(from io.Reader, to string) error {
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case !filepath.IsLocal(h.Name):
			return fmt.Errorf("a file is outside: %s", h.Name)
		case h.Typeflag == tar.TypeDir:
			err = os.MkdirAll(filepath.Join(to, h.Name), 0o755)
		default:
			err = keep(r, filepath.Join(to, h.Name), h.FileInfo().Mode().Perm())
		}
		if err != nil {
			return err
		}
	}
}

func keep(r io.Reader, path string, mode os.FileMode) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, mode)
}
