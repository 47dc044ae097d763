package check

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// report tells the steps as they are done, and counts what is wrong.
type report struct {
	out              io.Writer
	faults, warnings int
	running          bool   // a gateway has the port, as it should
	orElse           string // how there would be none of the faults
}

// layout is a line: how it went, the step, what was seen.
const layout = "%-9s  %-10s  %s\n"

func (r *report) ok(step, format string, args ...any) { r.line("ok", step, format, args...) }

// wait tells that a step takes its time.
func (r *report) wait(step, format string, args ...any) { r.line("…", step, format, args...) }

// skip tells why a step was not tried.
func (r *report) skip(step, because string) { r.line("not tried", step, "%s", because) }

// warn tells of what works, and is probably not what is meant.
func (r *report) warn(step, what string, fix ...string) {
	r.warnings++
	r.line("warning", step, "%s", what)
	r.fixes(fix)
}

// fault tells what does not work, and the lines to change.
func (r *report) fault(step, what string, fix ...string) {
	r.faults++
	r.line("fault", step, "%s", what)
	r.fixes(fix)
}

// verdict is the last line: an error if there are faults.
func (r *report) verdict(outside bool) error {
	warnings := ""
	if r.warnings > 0 {
		warnings = ", " + count(r.warnings, "warning")
	}
	if r.faults > 0 {
		return fmt.Errorf("%s%s: change the lines named above and check again%s", count(r.faults, "fault"), warnings, r.orElse)
	}
	well := "a start would work"
	if r.running {
		well = "the gateway runs"
	}
	if outside {
		well += ", and clients get through from outside"
	}
	_, err := fmt.Fprintf(r.out, "no faults%s: %s\n", warnings, well)
	return err
}

func (r *report) line(outcome, step, format string, args ...any) {
	fmt.Fprintf(r.out, layout, outcome, step, oneLine(fmt.Sprintf(format, args...)))
}

// oneLine joins the lines of an error, each once: a database driver has one for each address and
// attempt.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// fixes writes what to change, below the line before.
func (r *report) fixes(lines []string) {
	for _, line := range lines {
		if line != "" {
			r.below("→ " + line)
		}
	}
}

func (r *report) below(text string) { fmt.Fprintf(r.out, layout, "", "", text) }

// table writes rows below the line before, in columns.
func (r *report) table(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&line, "%-*s  ", widths[i], cell)
		}
		r.below(strings.TrimRight(line.String(), " "))
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
