// Package client is a session with a ZooKeeper ensemble.
package client
