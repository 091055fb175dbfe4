package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Where the load finds what it shows to servers that ask for a certificate, and whom it believes.
const (
	authoritiesVariable = "GRPCBENCH_TLS_CA_FILE"
	certificateVariable = "GRPCBENCH_TLS_CERT_FILE"
	keyVariable         = "GRPCBENCH_TLS_KEY_FILE"
)

func mutualTLS() (grpc.DialOption, error) {
	pair, err := tls.LoadX509KeyPair(os.Getenv(certificateVariable), os.Getenv(keyVariable))
	if err != nil {
		return nil, fmt.Errorf("$%s, $%s: %w", certificateVariable, keyVariable, err)
	}
	authorities, err := os.ReadFile(os.Getenv(authoritiesVariable))
	if err != nil {
		return nil, fmt.Errorf("$%s: %w", authoritiesVariable, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("$%s holds no certificate", authoritiesVariable)
	}
	return grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS12,
	})), nil
}

func plaintext() (grpc.DialOption, error) { return grpc.WithInsecure(), nil }
