// Reads plans as `amgctl show --json` and `amgctl validate --json` print them with HashiCorp's own library, which
// checks their format and refuses what it does not know. Prints what it found.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	tfjson "github.com/hashicorp/terraform-json"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: terraform-json PLAN VALIDATION"))
	}
	var plan tfjson.Plan
	read(os.Args[1], &plan)
	if err := plan.Validate(); err != nil {
		fail(err)
	}
	for _, change := range append(plan.ResourceChanges, plan.ResourceDrift...) {
		if change.Address == "" || change.Change == nil || len(change.Change.Actions) == 0 {
			fail(fmt.Errorf("%s: a change without an address or an action", os.Args[1]))
		}
		actions := change.Change.Actions
		known := actions.NoOp() || actions.Create() || actions.Update() || actions.Delete() || actions.Replace() ||
			len(actions) == 1 && actions[0] == "forget"
		if !known {
			fail(fmt.Errorf("%s: %v is no action", change.Address, actions))
		}
		fmt.Println(change.Address, actions)
	}
	var validation tfjson.ValidateOutput
	read(os.Args[2], &validation)
	fmt.Println("valid:", validation.Valid, "errors:", validation.ErrorCount, "warnings:", validation.WarningCount)
	for _, diagnostic := range validation.Diagnostics {
		if diagnostic.Range == nil || diagnostic.Range.Filename == "" {
			fail(fmt.Errorf("a diagnostic without a file: %s", diagnostic.Summary))
		}
		fmt.Println(diagnostic.Severity, diagnostic.Range.Filename, diagnostic.Range.Start.Line)
	}
}

func read(path string, into any) {
	text, err := os.ReadFile(path)
	if err != nil {
		fail(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		fail(fmt.Errorf("%s: %w", path, err))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}
