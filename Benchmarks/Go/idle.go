package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// preface opens an HTTP/2 connection (RFC 9113, 3.4), with empty SETTINGS and an ACK of the server's behind it.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x00\x04\x01\x00\x00\x00\x00"

// connectionsPerSource connections come from one loopback address: far below the number of ephemeral ports.
const connectionsPerSource = 5000

// idle opens connections that exchange HTTP/2's settings and then say nothing, prints `open N`, and keeps them until a
// SIGTERM.
func idle(arguments []string) error {
	flags := flag.NewFlagSet("idle", flag.ExitOnError)
	count := flags.Int("connections", 10_000, "how many")
	flags.Parse(arguments)
	if flags.NArg() != 1 {
		return errors.New("idle takes one ADDRESS")
	}
	connections := make([]net.Conn, 0, *count)
	for number := 0; number < *count; number++ {
		source := net.IPv4(127, 0, 0, byte(1+number/connectionsPerSource))
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: source}, Timeout: 10 * time.Second}
		connection, err := dialer.Dial("tcp", flags.Arg(0))
		if err != nil {
			return fmt.Errorf("connection %d: %w", number+1, err)
		}
		if err := exchangeSettings(connection); err != nil {
			return fmt.Errorf("connection %d: %w", number+1, err)
		}
		connections = append(connections, connection)
	}
	fmt.Println("open", len(connections))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	return nil
}

// exchangeSettings returns when the server has acknowledged the client's SETTINGS.
func exchangeSettings(connection net.Conn) error {
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := connection.Write([]byte(preface)); err != nil {
		return err
	}
	for {
		var head [9]byte
		if _, err := io.ReadFull(connection, head[:]); err != nil {
			return err
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err := io.CopyN(io.Discard, connection, length); err != nil {
			return err
		}
		if head[3] == 4 && head[4] == 1 {
			return connection.SetDeadline(time.Time{})
		}
	}
}
