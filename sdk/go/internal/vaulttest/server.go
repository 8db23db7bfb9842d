// Package vaulttest runs a vault of its own for tests: the program that COFFER_BINARY names, on a
// free port of 127.0.0.1.
package vaulttest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Binary is the program; "" if there is none to test with.
func Binary() string { return os.Getenv("COFFER_BINARY") }

// Missing is what a test says that has no program.
const Missing = "COFFER_BINARY does not name a vault to test with"

// Server is a running vault.
type Server struct {
	URL     string // http://127.0.0.1:<port>
	command *exec.Cmd
	log     *os.File
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// Start runs a vault on the data below folder. Settings are named as in its documentation. REQUIRES:
// Binary is not "".
func Start(folder string, settings map[string]string) (*Server, error) {
	log, err := os.OpenFile(filepath.Join(folder, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	command := exec.Command(Binary(), "serve", "--data", filepath.Join(folder, "data"), "--listen", "127.0.0.1:0")
	command.Env = environment(settings)
	command.Stderr = log
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	server := &Server{command: command, log: log}
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			if text := address.FindString(lines.Text()); text != "" {
				found <- text
				break
			}
		}
		close(found)
		_, _ = io.Copy(io.Discard, output)
	}()
	select {
	case server.URL = <-found:
	case <-time.After(60 * time.Second):
	}
	if server.URL == "" {
		_ = command.Process.Kill()
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("the vault did not start:\n%s", text)
	}
	return server, nil
}

// environment is this process's without settings of a vault, and with those given. Passwords cost
// little, and limits are off.
func environment(settings map[string]string) []string {
	chosen := map[string]string{"rate_limits": "off", "passwords.memory": "8MiB"}
	for name, value := range settings {
		chosen[name] = value
	}
	var all []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "COFFER_") {
			all = append(all, variable)
		}
	}
	for name, value := range chosen {
		all = append(all, "COFFER_"+strings.ToUpper(strings.ReplaceAll(name, ".", "_"))+"="+value)
	}
	return all
}

// Stop ends it; it must end well.
func (s *Server) Stop() error {
	defer s.log.Close()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	end := time.AfterFunc(45*time.Second, func() { _ = s.command.Process.Kill() })
	defer end.Stop()
	if err := s.command.Wait(); err != nil {
		text, _ := os.ReadFile(s.log.Name())
		return fmt.Errorf("the vault ended with %w:\n%s", err, text[max(0, len(text)-4000):])
	}
	return nil
}
