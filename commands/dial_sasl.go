package commands

import (
	"io"
	"os"
	"strings"

	"zook/client"
)

// SASL is who the session logs in as. Nobody logs in if all are "".
type SASL struct {
	User         string `json:"user,omitempty"`
	Password     string `json:"password,omitempty"`
	PasswordFile string `json:"passwordFile,omitempty"` // its only line is the password
}

// saslPassword is the environment variable with the password, unless something else
// says it.
const saslPassword = "ZOOK_SASL_PASSWORD"

// load finds the password. It returns nil if nobody logs in.
func (s SASL) load() (*client.SASL, error) {
	switch {
	case s == (SASL{}):
		return nil, nil
	case s.User == "":
		return nil, usagef("--sasl-password-file needs --sasl-user")
	case s.PasswordFile != "":
		password, err := readPassword(s.PasswordFile)
		return &client.SASL{User: s.User, Password: password}, err
	case s.Password != "":
		return &client.SASL{User: s.User, Password: s.Password}, nil
	}
	if password, ok := os.LookupEnv(saslPassword); ok {
		return &client.SASL{User: s.User, Password: password}, nil
	}
	return nil, usagef("the password of --sasl-user %s is wanted in a file, --sasl-password-file, or in %s", s.User, saslPassword)
}

// readPassword reads a file of one line.
func readPassword(file string) (string, error) {
	const longest = 4096
	f, err := os.Open(file)
	if err != nil {
		return "", usagef("--sasl-password-file: %v", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, longest+1))
	if err != nil {
		return "", usagef("--sasl-password-file: %v", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if len(b) > longest || strings.ContainsAny(password, "\r\n") {
		return "", usagef("--sasl-password-file: %s is more than a line with a password", file)
	}
	return password, nil
}
