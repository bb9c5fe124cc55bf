package commands

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"zook/datadir"
	"zook/server"
)

// examineDirs looks at the directories of snapshots and logs: whether they are there, who
// may do what in them, and what they are on.
func (d *doctor) examineDirs() {
	dir := datadir.Open(d.cfg.DataDir, d.cfg.DataLogDir)
	own := dataDirs(&server.ConfigFile{Config: d.cfg})
	for i, inside := range []string{dir.SnapDir, dir.LogDir} {
		if i == 1 && dir.LogDir == dir.SnapDir {
			continue
		}
		d.examineLock(inside)
		if there := d.examineDir(own[i]) && d.examineDir(inside); there {
			d.examineOwners(inside)
		}
		d.examineDisk(own[i])
	}
	for _, name := range []string{"myid", "zookeeper_server.pid"} {
		file := filepath.Join(d.cfg.DataDir, name)
		if st, err := os.Stat(file); err == nil && !d.account.may(st, mayRead) {
			d.say(isError, file, d.account.chown(file), "%s may not read it, it is %s's", d.account.name, ownerName(st))
		}
	}
	if len(own) == 2 && onOneDevice(own[0], own[1]) {
		d.say(isNote, own[1], "", "dataLogDir is on the same device as dataDir: snapshots slow the log down")
	}
	if err := server.CheckDirs(&d.cfg); err != nil && !d.cfg.NoAutocreate {
		d.say(isError, d.file.Path, "", "%v", err)
	}
}

// examineLock looks whether one of our servers runs on a directory.
func (d *doctor) examineLock(inside string) {
	if !exists(filepath.Join(inside, "zook.lock")) {
		return // it would be made
	}
	release, err := server.LockDir(inside)
	switch {
	case err == nil:
		release()
	case errors.Is(err, fs.ErrPermission): // told with the owners
	case !d.running:
		d.running = true
		d.say(isNote, inside, "", "a server runs on this directory")
	}
}

// examineDir looks at a directory that has to be there, or that the server makes. It
// reports whether it is there.
func (d *doctor) examineDir(dir string) bool {
	st, err := os.Stat(dir)
	switch {
	case notThere(err):
		d.examineMissing(dir)
		return false
	case err != nil:
		d.say(isError, dir, "", "%s", plainReason(err))
		return false
	case !st.IsDir():
		d.say(isError, dir, "choose another dataDir or dataLogDir", "it is no directory")
		return false
	case !d.account.may(st, mayRead|mayWrite|maySearch):
		d.say(isError, dir, d.account.chown(dir), "%s may not write in it, it is %s's", d.account.name, ownerName(st))
	}
	return true
}

func (d *doctor) examineMissing(dir string) {
	if d.cfg.NoAutocreate {
		d.say(isError, dir, "make it with zook server init", "it is missing, and datadir.autocreate is false")
		return
	}
	parent := nearestDir(dir)
	st, err := os.Stat(parent)
	if err == nil && !d.account.may(st, mayWrite|maySearch) {
		d.say(isError, dir, fmt.Sprintf("mkdir -p %s, and give it to %s", dir, d.account.name), "it is missing, and %s may not make it in %s", d.account.name, parent)
		return
	}
	if filepath.Base(dir) != "version-2" || !exists(filepath.Dir(dir)) {
		d.say(isNote, dir, "", "it is missing; the server makes it, with an empty tree")
	}
}

// nearestDir is the directory nearest above a path that is there.
func nearestDir(path string) string {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if exists(dir) || dir == filepath.Dir(dir) {
			return dir
		}
	}
}

// examineOwners looks who owns the files of a server. One start as root is enough to make
// some that the service may not read.
func (d *doctor) examineOwners(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // told with the directory
	}
	foreign, unreadable := 0, 0
	var first, owner string
	for _, e := range entries {
		st, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		want := access(mayRead)
		if e.Name() == "zook.lock" || e.Name() == "currentEpoch" || e.Name() == "acceptedEpoch" {
			want |= mayWrite
		}
		switch {
		case !d.account.may(st, want):
			unreadable++
			if unreadable == 1 {
				first, owner = st.Name(), ownerName(st)
			}
		case !d.account.owns(st):
			foreign++
			if unreadable == 0 && foreign == 1 {
				first, owner = st.Name(), ownerName(st)
			}
		}
	}
	file := filepath.Join(dir, first)
	switch {
	case unreadable > 1:
		d.say(isError, dir, d.account.chown(dir), "%s may not use %d of the files in it, such as %s, which is %s's", d.account.name, unreadable, first, owner)
	case unreadable == 1:
		d.say(isError, file, d.account.chown(file), "%s may not use it, it is %s's", d.account.name, owner)
	case foreign > 0:
		d.say(isWarning, file, d.account.chown(dir), "it is %s's, as %d files in this directory are not %s's", owner, foreign, d.account.name)
	}
}

// examineDisk looks at the room on the file system that a directory is on, and what kind
// that is.
func (d *doctor) examineDisk(dir string) {
	at := dir
	if !exists(at) {
		at = nearestDir(dir)
	}
	needs := max(d.cfg.PreAllocSize, 0) + newestSnapshotSize(dir)
	if total, free, err := fileSystem(at); err == nil {
		if x := diskAilment(dir, int64(total), int64(free), needs); x != nil {
			d.found = append(d.found, x)
		}
	}
	kind, err := fileSystemKind(at)
	if err != nil {
		return
	}
	switch {
	case kind.readOnly:
		d.say(isError, dir, "mount it for writing", "the file system is read-only")
	case kind.files > 0 && kind.freeFiles == 0:
		d.say(isError, dir, "remove files, or purge", "no more files can be made on the disk: it is out of inodes")
	case kind.files > 0 && kind.freeFiles < max(1000, kind.files/100):
		d.say(isWarning, dir, "remove files, or purge", "only %d more files can be made on the disk", kind.freeFiles)
	}
	switch kind.name {
	case "tmpfs", "ramfs":
		d.say(isWarning, dir, "choose a directory on a disk", "it is in memory (%s): all goes with the next start of the machine", kind.name)
	case "nfs", "cifs", "smb2", "fuse":
		d.say(isWarning, dir, "choose a local disk", "it is on a file system of another machine (%s): a sync may be slow, and may not be one", kind.name)
	case "overlay":
		d.say(isWarning, dir, "mount a volume there", "it is in a layer of a container (overlay): all goes with the container")
	}
}

// diskAilment is what is wrong with so many free bytes, nil if nothing is.
func diskAilment(dir string, total, free, needs int64) *ailment {
	const comfortable = 10 << 30
	s := Style{Terminal: true}
	switch {
	case free < needs:
		return &ailment{isError, dir, fmt.Sprintf("%s are free, and the next log and snapshot take %s", s.Size(free), s.Size(needs)), "make room, or purge (zook server purge -n 3)"}
	case free < total/10 && free < comfortable:
		return &ailment{isWarning, dir, fmt.Sprintf("the disk is nearly full: %s of %s are free", s.Size(free), s.Size(total)), "make room, or purge (zook server purge -n 3)"}
	}
	return nil
}

func newestSnapshotSize(dataDir string) int64 {
	snaps, err := datadir.Open(dataDir, "").Snapshots()
	if err != nil || len(snaps) == 0 {
		return 0
	}
	st, err := os.Stat(snaps[len(snaps)-1].Path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// plainReason is an error of a file without its name.
func plainReason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}
