// Package formats holds no code but tests: what spillway probe writes for other programs, before others' parsers and validators.
package formats
