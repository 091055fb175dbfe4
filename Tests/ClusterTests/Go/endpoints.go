package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// endpoints says where the nodes are, and how to show them who calls.
type endpoints struct {
	addresses listFlag
	caFile    string
	certFile  string
	keyFile   string
}

func (set *flagSet) endpoints() *endpoints {
	where := new(endpoints)
	set.Var(&where.addresses, "addrs", "host:port of the nodes' RPC ports, separated by commas")
	set.StringVar(&where.caFile, "tls-ca-file", "", "PEM of the CAs whose servers are believed; without it, no TLS")
	set.StringVar(&where.certFile, "tls-cert-file", "", "PEM of the client's certificate")
	set.StringVar(&where.keyFile, "tls-key-file", "", "PEM of the key to it")
	return where
}

// dialer makes connections, each with the files as they are when it is made again.
type dialer struct {
	security grpc.DialOption
}

func (where *endpoints) dialer() (*dialer, error) {
	if len(where.addresses) == 0 {
		return nil, errors.New("--addrs is missing")
	}
	if where.caFile == "" {
		return &dialer{grpc.WithInsecure()}, nil
	}
	configuration := &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(where.certFile, where.keyFile)
			return &pair, err
		},
		// Verified below, by the bundle as it is then.
		InsecureSkipVerify: true,
		VerifyConnection:   where.verify,
	}
	return &dialer{grpc.WithTransportCredentials(credentials.NewTLS(configuration))}, nil
}

// verify does what crypto/tls does by itself, with the bundle of this moment.
func (where *endpoints) verify(state tls.ConnectionState) error {
	bundle, err := os.ReadFile(where.caFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return fmt.Errorf("%s holds no certificate", where.caFile)
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range state.PeerCertificates[1:] {
		intermediates.AddCert(certificate)
	}
	_, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, DNSName: state.ServerName,
	})
	return err
}
