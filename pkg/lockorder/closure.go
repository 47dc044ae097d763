//go:build lockorder

package lockorder

// allowed is, by the name of a mutex that is held, which others may be taken.
var allowed = closure(order)

// closure follows the rules to their ends.
func closure(rules []rule) map[string]map[string]bool {
	takes := make(map[string][]string)
	for _, r := range rules {
		takes[r.held] = r.takes
	}
	all := make(map[string]map[string]bool)
	for held := range takes {
		all[held] = make(map[string]bool)
		follow(takes, held, all[held])
	}
	return all
}

// follow notes what may be taken while a mutex is held, itself included if the rules go in a circle.
func follow(takes map[string][]string, held string, noted map[string]bool) {
	for _, name := range takes[held] {
		if name == everyOther {
			for other := range takes {
				noted[other] = other != held
			}
			return
		}
		if !noted[name] {
			noted[name] = true
			follow(takes, name, noted)
		}
	}
}
