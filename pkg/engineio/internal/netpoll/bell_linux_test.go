package netpoll

import "testing"

// An eventfd holds 64 bits of ringing, and then takes no more.
func TestABellIsHeardHoweverOftenItIsRung(t *testing.T) {
	t.Parallel()
	var b bell
	b.open()
	defer b.close()
	for i := range 1000 {
		if !b.await() {
			t.Fatalf("it was not heard the %dth time", i+1)
		}
	}
}

func TestABellThatIsClosedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	var b bell
	if b.await() {
		t.Error("it was heard before it was there")
	}
	b.open()
	b.close()
	if b.await() {
		t.Error("it was heard after its end")
	}
}
