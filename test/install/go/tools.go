//go:build tools

// Names the programs that are built from this module, so that `go mod tidy` keeps what they need.
package install

import (
	_ "helm.sh/helm/v4/cmd/helm"
)
