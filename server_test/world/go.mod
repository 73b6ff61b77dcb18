module github.com/spillway-go/spillway/server_test/world

go 1.26.0
