package rawjson

// IsExact tells whether JavaScript can tell an integer from its neighbours. It rounds others, so they should be JSON as a string.
func IsExact(n int64) bool {
	const exact = 1<<53 - 1
	return -exact <= n && n <= exact
}
