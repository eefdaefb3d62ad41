package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	var line strings.Builder
	for at := 0; at < 1<<20; at += 8 {
		fmt.Fprintf(&line, "%07d ", at)
	}
	fmt.Println(line.String())
	fmt.Fprintln(os.Stderr, line.String())
}
