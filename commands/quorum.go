package commands

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zook/fourletter"
)

// whatIf is what quorum prints: what the stop of each server would mean.
type whatIf struct {
	Quorum  bool       `json:"quorum"`
	Voters  int        `json:"voters"`
	Up      int        `json:"up"`
	Needed  int        `json:"needed"` // voters for a quorum
	MayFail int        `json:"mayFail"`
	Servers []stopping `json:"servers"`
}

// stopping is what would happen if a server stopped.
type stopping struct {
	Server  string `json:"server"`
	Role    string `json:"role"`
	Quorum  bool   `json:"quorumAfter"`
	MayFail int    `json:"mayFailAfter"`
	Means   string `json:"means"`
}

func newWhatIf(s *surveyed) *whatIf {
	w := &whatIf{Quorum: s.Quorum, Voters: s.Voters, Up: s.Up, Needed: s.Voters/2 + 1, MayFail: s.MayFail, Servers: []stopping{}}
	for _, p := range s.Probes {
		st := newServerStatus(s, p)
		w.Servers = append(w.Servers, w.without(p, st.Role))
	}
	return w
}

// without is the ensemble without a server.
func (w *whatIf) without(p *fourletter.Probe, role string) stopping {
	s := stopping{Server: p.Addr, Role: role, Quorum: w.Quorum, MayFail: w.MayFail}
	if role == "leader" || role == "follower" {
		s.Quorum = w.Up-1 >= w.Needed
		s.MayFail = max(0, w.Up-1-w.Needed)
	}
	after := fmt.Sprintf("the quorum stays, %d more may fail", s.MayFail)
	switch role {
	case "leader":
		s.Means = "an election, a pause for all clients; " + after
	case "follower":
		s.Means = after
	case "standalone":
		s.Quorum, s.Means = false, "no client is served"
	case "observer", "read-only":
		s.Means = "its own clients go elsewhere; " + after
	default:
		s.Means = "nothing: it does not serve now"
	}
	if w.Quorum && !s.Quorum && role != "standalone" {
		s.Means = "the quorum is lost: no client is served"
	}
	return s
}

func (w *whatIf) Row(Style) (columns []string, rows [][]string) {
	for _, s := range w.Servers {
		rows = append(rows, []string{s.Server, s.Role, s.Means})
	}
	return []string{"server", "role", "if it stops"}, rows
}

func (w *whatIf) Text(out io.Writer, s Style) {
	columns, rows := w.Row(s)
	if !s.Terminal {
		for _, r := range rows {
			fmt.Fprintln(out, strings.Join(r, "\t"))
		}
		return
	}
	fmt.Fprintf(out, "%d of %d voters serve, %d are needed: %d more may fail.\n", w.Up, w.Voters, w.Needed, w.MayFail)
	renderTable(out, columns, rows)
}

func newQuorum(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "quorum",
		Short: "Tell what would happen if a server stopped",
		Long: `Tell how many voters of the ensemble serve, how many more may fail, and what the stop of
each server would mean.

Exit code: 0 with a quorum, 1 without, 8 if no server answers.`,
		Example: "  zook quorum\n  zook quorum -o json | jq .mayFail",
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := env.survey(cmd.Context())
			if err != nil {
				return err
			}
			if err := env.print(newWhatIf(found)); err != nil {
				return err
			}
			return newStatus(found).outcome()
		},
	}
}

// restartPlan is what rolling-restart-plan prints.
type restartPlan struct {
	Steps []restartStep `json:"steps"`
}

type restartStep struct {
	Server string `json:"server"`
	Role   string `json:"role"`
	Then   string `json:"then"` // to do before the next step
}

// newRestartPlan orders the servers: observers, which no quorum needs, then
// followers, then the leader, so that there is one election. The error says why nothing should be restarted now.
func newRestartPlan(s *surveyed) (*restartPlan, error) {
	if err := newStatus(s).outcome(); err != nil {
		return nil, err
	}
	if s.Standalone {
		return nil, fmt.Errorf("a server that stands alone has no safe order: its clients wait while it restarts")
	}
	for _, p := range s.Probes {
		if p.Err != nil {
			return nil, fmt.Errorf("%s: %s: bring it back first", p.Addr, reason(p.Err))
		}
	}
	if s.Voters > len(voters(s.Probes)) {
		return nil, fmt.Errorf("only %d of %d voters were found: name all in --server", len(voters(s.Probes)), s.Voters)
	}
	if s.MayFail == 0 {
		return nil, fmt.Errorf("%d of %d voters serve: the quorum would be lost while one restarts", s.Up, s.Voters)
	}
	rank := map[string]int{"observer": 0, "follower": 1, "leader": 2}
	ordered := slices.Clone(s.Probes)
	slices.SortStableFunc(ordered, func(a, b *fourletter.Probe) int { return rank[a.Srvr.Mode] - rank[b.Srvr.Mode] })
	plan := &restartPlan{}
	for i, p := range ordered {
		step := restartStep{p.Addr, p.Srvr.Mode, "wait until it follows again: zook wait --server " + p.Addr + " --serving"}
		if i == len(ordered)-1 {
			step.Then = "zook status"
		}
		plan.Steps = append(plan.Steps, step)
	}
	return plan, nil
}

func voters(probes []*fourletter.Probe) (v []*fourletter.Probe) {
	for _, p := range probes {
		if p.Err == nil && p.Srvr.Mode != "observer" {
			v = append(v, p)
		}
	}
	return v
}

func (p *restartPlan) Row(Style) (columns []string, rows [][]string) {
	for i, s := range p.Steps {
		rows = append(rows, []string{fmt.Sprint(i + 1), s.Server, s.Role, s.Then})
	}
	return []string{"step", "restart", "role", "then"}, rows
}

func (p *restartPlan) Text(w io.Writer, s Style) {
	for i, step := range p.Steps {
		fmt.Fprintf(w, "%d. restart %s (%s), then %s\n", i+1, step.Server, step.Role, step.Then)
	}
}

func newRollingRestartPlan(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "rolling-restart-plan",
		Short: "Print the safe order to restart the servers in",
		Long: `Print the order in which the servers of the ensemble can be restarted one by one while
clients are served: observers, followers, and the leader last, so that there is one
election. It is refused, with the reason, while a server is down or the quorum could not do
without one.`,
		Example: "  zook rolling-restart-plan -S zk1:2181,zk2:2181,zk3:2181",
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := env.survey(cmd.Context())
			if err != nil {
				return err
			}
			plan, err := newRestartPlan(found)
			if err != nil {
				return err
			}
			return env.print(plan)
		},
	}
}
