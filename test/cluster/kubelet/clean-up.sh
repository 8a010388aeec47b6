#!/bin/sh
# clean-up.sh FOLDER: takes away all that a kubelet and a containerd left which worked in FOLDER, and puts back what they changed.
# Runs when both have ended, in good order or not, and may run twice.
folder=$1
[ -d "$folder/before" ] || exit 0

# Containers outlive a containerd that was killed: what is in the Pods' cgroups goes (no other kubelet works on this machine: the suite asks first), then the shims, which carry our socket.
for tries in 1 2 3 4 5 6 7 8 9 10; do
  found=
  for file in $(find /sys/fs/cgroup -path '*/kubepods*' -name cgroup.procs 2>/dev/null); do
    for pid in $(cat "$file" 2>/dev/null); do found=yes; kill -s KILL "$pid" 2>/dev/null; done
  done
  [ -z "$found" ] && break
  sleep 0.1
done
for file in $(grep -lsF -- "$folder/run/containerd.sock" /proc/[0-9]*/cmdline); do
  pid=${file#/proc/}; pid=${pid%%/*}
  kill -s KILL "$pid" 2>/dev/null
done
sleep 0.2
find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} \; 2>/dev/null

# Mounts, the deepest first; /run/containerd holds those of shims.
awk -v a="$folder/" '{ if (index($2, a) == 1 || $2 ~ "^/run/containerd/") print $2 }' /proc/mounts | sort -r | while read -r mount; do umount -l "$mount" 2>/dev/null; done

for table in nat filter; do
  iptables -w 10 -t $table -S 2>/dev/null | sed -n '/ -i koc-kubelet /s/^-A/-D/p' | while read -r rule; do
    # Its words are arguments.
    iptables -w 10 -t $table $rule
  done
done
ip link del koc-kubelet 2>/dev/null
for file in /run/netns/cni-*; do
  [ -e "$file" ] || continue
  grep -qxF "$file" "$folder/before/netns" || { umount -l "$file" 2>/dev/null; rm -f "$file"; }
done

while read -r name value; do echo "$value" > "/proc/sys/$name"; done < "$folder/before/sysctls"
# Folders that were not there before.
while read -r path; do rm -rf --one-file-system "$path"; done < "$folder/before/absent"
rm -rf --one-file-system "$folder"
exit 0
