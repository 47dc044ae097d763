//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// publish writes results into a folder, as NAME.json and as the table NAME.md, and the table to out as well. Faults of the run are an
// error; a target that is not met is none.
func publish(dir, name string, out io.Writer, results any, table string, faults int) error {
	encoded, err := json.MarshalIndent(results, "", "\t")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, name+".json"), append(encoded, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, name+".md"), []byte(table), 0o644),
	)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := io.WriteString(out, table); err != nil {
		return err
	}
	if faults > 0 {
		return fmt.Errorf("%d faults, see above", faults)
	}
	return nil
}

// metOrNot is how a table says what came of a target.
func metOrNot(met bool) string {
	if met {
		return "met"
	}
	return "**not met**"
}

// writeChecks says below a table what was checked of all servers, and what was wrong with the run.
func (r *report) writeChecks(b *strings.Builder) {
	checked, wrong := 0.0, 0.0
	for _, f := range r.Figures {
		switch f.Name {
		case "deliveries":
			checked += f.Value
		case "lost", "doubled", "out of order":
			wrong += f.Value
		}
	}
	fmt.Fprintf(b, "\n%.0f deliveries checked, %.0f lost, doubled or out of order.\n", checked, wrong)
	for _, fault := range r.Faults {
		fmt.Fprintf(b, "\nFAULT: %s\n", fault)
	}
}
