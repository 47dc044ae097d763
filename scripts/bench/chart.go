//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"
)

// chart draws how many times better the gateway is, one bar a line of the table, on a logarithmic scale, with a
// stroke where the target is and a line over the range of the rounds.
func (r *report) chart() []byte {
	const (
		width, left, right = 860, 330, 90
		top, row           = 64, 26
		scale              = width - left - right
	)
	var shown []outcome
	most := 10.0
	for _, o := range r.Lines {
		if o.Ratio != nil {
			shown = append(shown, o)
			most = max(most, o.Ratio.Most, o.Wanted)
		}
	}
	decades := math.Ceil(math.Log10(most))
	at := func(ratio float64) float64 {
		return left + scale*min(1, max(0, math.Log10(ratio)/decades))
	}
	height := top + row*len(shown) + 34
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="13">`+"\n", width, height, width, height)
	b.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	b.WriteString(`<text x="16" y="26" font-size="17" font-weight="600" fill="#1b1f24">Times better than the same design on Node and socket.io</text>` + "\n")
	fmt.Fprintf(&b, `<text x="16" y="46" font-size="12" fill="#57606a">%s</text>`+"\n", r.Machine)
	for d := 0.0; d <= decades; d++ {
		x := at(math.Pow(10, d))
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#d0d7de"/><text x="%.1f" y="%d" font-size="11" fill="#57606a" text-anchor="middle">%gx</text>`+"\n",
			x, top-6, x, top+row*len(shown), x, top+row*len(shown)+16, math.Pow(10, d))
	}
	for i, o := range shown {
		y := top + row*i
		colour := "#2f81f7"
		if o.Met != nil && !*o.Met {
			colour = "#d29922"
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#1b1f24">%s: %s</text>`, left-10, y+15, o.Load, o.Name)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/>`, left, y+2, max(1, at(o.Ratio.Median)-left), row-8, colour)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" font-weight="600" fill="#1b1f24">%sx</text>`+"\n", at(o.Ratio.Most)+6, y+15, short(o.Ratio.Median))
		if o.Ratio.Most > o.Ratio.Least {
			fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#57606a"/>`+"\n", at(o.Ratio.Least), y+row/2-2, at(o.Ratio.Most), y+row/2-2)
		}
		if o.Wanted > 0 {
			fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#1b1f24" stroke-width="2"/>`+"\n", at(o.Wanted), y-1, at(o.Wanted), y+row-3)
		}
	}
	fmt.Fprintf(&b, `<text x="16" y="%d" font-size="11" fill="#57606a">The strokes are the targets; a thin line is the range of the rounds.</text>`+"\n</svg>\n", height-8)
	return []byte(b.String())
}
