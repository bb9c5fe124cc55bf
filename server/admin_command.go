package server

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
)

// adminCommand is a command of the AdminServer.
type adminCommand struct {
	names   []string // the first is the one that answers give
	post    bool
	guarded bool // only for those with every permission on the root
	early   bool // answered while the server starts, too
	run     func(a *adminServer, r *http.Request) adminAnswer
}

// adminAnswer is what a command answers: JSON, or a file if there is one.
type adminAnswer struct {
	status  int // of HTTP; 0 is 200
	header  map[string]string
	fields  jsonObject // may have an error of its own
	refusal string     // the error, if the command was not run
	file    *os.File

	body []byte // the JSON
}

// tell is an adminAnswer of fields alone.
func tell(fields ...jsonField) adminAnswer { return adminAnswer{fields: fields} }

// encode makes the JSON. Apache calls a command by the name that it knows it by, or by
// the one that was asked for if it does not run it. The error comes last unless the
// command itself tells one.
func (ans *adminAnswer) encode(name string) {
	fields := append(ans.fields, jsonField{"command", name})
	if ans.refusal != "" {
		fields = append(fields, jsonField{"error", ans.refusal})
	} else if !ans.fields.has("error") {
		fields = append(fields, jsonField{"error", nil})
	}
	ans.body = writeJSON(fields).Bytes()
}

// adminCommandOf returns the command with a name, or nil.
func adminCommandOf(name string) *adminCommand {
	for i := range adminCommands {
		if slices.Contains(adminCommands[i].names, name) {
			return &adminCommands[i]
		}
	}
	return nil
}

// serveCommand answers a request for a command; "" is the list of all.
func (a *adminServer) serveCommand(w http.ResponseWriter, r *http.Request, name string) {
	if name == "" {
		a.listCommands(w)
		return
	}
	c := adminCommandOf(name)
	if c == nil {
		a.log.Warn("AdminServer: unknown command", "command", fmt.Sprintf("%.100q", name), "from", r.RemoteAddr)
		a.send(w, name, adminAnswer{refusal: "Unknown command: " + name})
		return
	}
	if !c.early && !a.ready() {
		a.send(w, name, adminAnswer{refusal: "This ZooKeeper instance is not currently serving requests"})
		return
	}
	if c.guarded {
		if status, refusal := a.authorize(r); status != 0 {
			a.log.Warn("AdminServer: command refused", "command", c.names[0], "from", r.RemoteAddr, "reason", refusal)
			a.send(w, name, adminAnswer{status: status, refusal: refusal})
			return
		}
	}
	if c.post != (r.Method == http.MethodPost) {
		method := http.MethodGet
		if c.post {
			method = http.MethodPost
		}
		w.Header().Set("Allow", method)
		a.send(w, c.names[0], adminAnswer{status: http.StatusMethodNotAllowed, refusal: "the method is " + method})
		return
	}
	a.send(w, c.names[0], a.run(c, w, r))
}

// run runs a command when there are not too many already.
func (a *adminServer) run(c *adminCommand, w http.ResponseWriter, r *http.Request) adminAnswer {
	if c.guarded { // it may take long, and has limits of its own
		r.Body = &patientReader{r.Body, http.NewResponseController(w), a.cfg.IdleTimeout}
		return c.run(a, r)
	}
	if !a.enter(r) {
		return adminAnswer{status: http.StatusServiceUnavailable, refusal: "the client has gone"}
	}
	defer a.leave()
	ans := c.run(a, r)
	ans.encode(c.names[0])
	return ans
}

// listCommands sends links to all commands.
func (a *adminServer) listCommands(w http.ResponseWriter) {
	var names []string
	for i := range adminCommands {
		names = append(names, adminCommands[i].names[0])
	}
	slices.Sort(names)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	for _, name := range names {
		link := html.EscapeString((&url.URL{Path: a.cfg.CommandURL + "/" + name}).String())
		fmt.Fprintf(w, "<a href=\"%s\">%s</a>\n<br/>\n", link, name)
	}
}

// send sends an answer to the command called name.
func (a *adminServer) send(w http.ResponseWriter, name string, ans adminAnswer) {
	h := w.Header()
	for key, value := range ans.header {
		h[key] = []string{value} // as it is written: Apache's have an underscore and small letters
	}
	ans.status = cmp.Or(ans.status, http.StatusOK)
	if ans.file != nil {
		a.sendFile(w, ans)
		return
	}
	if ans.body == nil {
		ans.encode(name)
	}
	size := int64(len(ans.body))
	defer a.sending.Add(-size)
	if a.sending.Add(size) > maxAdminSending && size > maxAdminSending/maxAdminConns {
		refuse(w, http.StatusServiceUnavailable, "clients that are slow have not taken what others asked for")
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(ans.status)
	w.Write(ans.body)
}

func (a *adminServer) sendFile(w http.ResponseWriter, ans adminAnswer) {
	defer ans.file.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.WriteHeader(ans.status)
	if _, err := io.Copy(struct{ io.Writer }{w}, ans.file); err != nil {
		a.log.Warn("AdminServer: a file was not sent whole", "file", ans.file.Name(), "reason", err.Error())
	}
}
