package mediavault_test

import (
	_ "embed"
	"strings"
	"testing"
)

var (
	//go:embed README.md
	readme string
	//go:embed example_test.go
	examples string
)

// What README.md shows is part of the examples, which run.
func TestTheReadmeShowsExamples(t *testing.T) {
	blocks := strings.Split(readme, "```go\n")[1:]
	if len(blocks) < 10 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		if !strings.Contains(unindented(examples), unindented(code)) {
			t.Errorf("no example has this:\n%s", code)
		}
	}
}

func unindented(code string) string {
	var text strings.Builder
	for _, line := range strings.Split(code, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			text.WriteString(line + "\n")
		}
	}
	return text.String()
}
