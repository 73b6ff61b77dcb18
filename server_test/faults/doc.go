// Package faults runs thousands of dialogues on connections that fail in ways drawn from a seed.
package faults
