module github.com/twitchtv/twirp

go 1.23

require (
	github.com/golang/protobuf v1.5.4
	github.com/google/go-cmp v0.7.0
	github.com/pkg/errors v0.9.1
	github.com/stretchr/testify v1.12.1
	google.golang.org/protobuf v1.36.12
)
