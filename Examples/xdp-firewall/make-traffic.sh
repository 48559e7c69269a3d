#!/usr/bin/env bash
# Makes traffic.pcap: real programs (ping, curl, dig against a web server and dnsmasq) talk between network namespaces
# made for the purpose and removed afterwards, and tcpdump records what arrives at the servers' end of a trunk.
# Needs root, and the packages iproute2, ethtool, tcpdump, iputils-ping, curl, bind9-dnsutils, dnsmasq-base, python3.
# The committed capture was made by this script; a new one differs in times, ports and order, so its counts do, too.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=${1:-$here/traffic.pcap}
work=$(mktemp -d)
processes=()
spaces=(bpfkit-client bpfkit-switch bpfkit-server)

clean() {
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
  for space in "${spaces[@]}"; do ip netns del "$space" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean EXIT

client() { ip netns exec bpfkit-client "$@"; }
switch() { ip netns exec bpfkit-switch "$@"; }
server() { ip netns exec bpfkit-server "$@"; }

for space in "${spaces[@]}"; do
  ip netns add "$space"
  ip -n "$space" link set lo up
done

# Cables: the clients' interfaces, the servers' interfaces, and the trunk between the halves of the switch.
for number in 0 1; do
  ip -n bpfkit-switch link add "p$number" type veth peer name "c$number" netns bpfkit-client
  ip -n bpfkit-switch link add "q$number" type veth peer name "s$number" netns bpfkit-server
done
ip -n bpfkit-switch link add t0 type veth peer name t1
for name in p0 p1 q0 q1 t0 t1; do
  switch sysctl -qw "net.ipv6.conf.$name.disable_ipv6=1"
  ip -n bpfkit-switch link set "$name" up
done
# Checksums and segments as on a wire, not left to hardware that is not there.
for name in c0 c1; do client ethtool -K "$name" tx off gso off tso off >/dev/null; done
for name in s0 s1; do server ethtool -K "$name" tx off gso off tso off >/dev/null; done

# `ip` itself in the background, not the functions above, so that it is the program that is stopped.
ip netns exec bpfkit-switch python3 "$here/traffic/trunk.py" >"$work/trunk" & processes+=($!)
until grep -q ready "$work/trunk"; do sleep 0.1; done
ip netns exec bpfkit-switch tcpdump -i t1 -Q in -U -w "$work/traffic.pcap" 2>"$work/tcpdump" & capture=$!
processes+=("$capture")
until grep -q listening "$work/tcpdump"; do sleep 0.1; done

# Clients: an office (10.10), a network whose addresses are on the block list (10.20, fd00:bad), one that scans (10.30),
# and VLAN 10 (172.16.40, fd99:40).
client_addresses=(
  c0=10.10.0.2/8 c0=10.10.0.3/8 c0=10.20.3.9/8 c0=10.20.7.7/8 c0=10.30.0.9/8
  c0=fd00:10::2/16 c0=fd00:bad::9/16 c1=172.16.40.2/24 c1=fd99:40::2/64)
server_addresses=(s0=10.10.0.1/8 s0=fd00:10::1/16 s1=172.16.40.1/24 s1=fd99:40::1/64)
for pair in "${client_addresses[@]}"; do
  ip -n bpfkit-client address add "${pair#*=}" dev "${pair%%=*}"
done
for pair in "${server_addresses[@]}"; do
  ip -n bpfkit-server address add "${pair#*=}" dev "${pair%%=*}"
done
for number in 0 1; do
  ip -n bpfkit-client link set "c$number" up
  ip -n bpfkit-server link set "s$number" up
done
sleep 3 # until IPv6 has made sure that its addresses are its own

mkdir "$work/site"
head -c 2000 /dev/zero | tr '\0' x >"$work/site/index.html"
ip netns exec bpfkit-server python3 -m http.server --bind :: --directory "$work/site" 80 >/dev/null 2>&1 & processes+=($!)
ip netns exec bpfkit-server dnsmasq --keep-in-foreground --no-daemon --no-resolv --no-hosts --conf-file=/dev/null --pid-file= \
  --user=root --address=/example.test/10.10.0.1 --address=/example.test/fd00:10::1 >/dev/null 2>&1 & processes+=($!)
sleep 1

get() { client curl -s -o /dev/null --max-time 5 --interface "$1" "$2"; }
ask() { client dig +tries=1 +time=2 -b "$1" "@$2" "$3" "$4" >/dev/null; }

client ping -q -c 5 -i 0.05 -I 10.10.0.2 10.10.0.1 >/dev/null
client ping -q -c 5 -i 0.05 -I fd00:10::2 fd00:10::1 >/dev/null
client ping -q -c 2 -i 0.05 -s 3000 -I 10.10.0.2 10.10.0.1 >/dev/null
client ping -q -c 2 -i 0.05 -s 3000 -I fd00:10::2 fd00:10::1 >/dev/null
for round in 1 2 3 4 5 6; do
  get 10.10.0.2 http://10.10.0.1/
  get fd00:10::2 'http://[fd00:10::1]/'
  ask 10.10.0.2 10.10.0.1 example.test A
  ask fd00:10::2 fd00:10::1 example.test AAAA
done
head -c 12000 /dev/zero >"$work/upload"
client curl -s -o /dev/null --max-time 5 --interface 10.10.0.2 --data-binary "@$work/upload" \
  http://10.10.0.1/ || true

# Blocked by 10.20.0.0/16, but 10.20.7.0/24 is allowed; and fd00:bad::/32.
get 10.20.3.9 http://10.10.0.1/
client ping -q -c 4 -i 0.05 -I 10.20.3.9 10.10.0.1 >/dev/null
get 10.20.7.7 http://10.10.0.1/
get fd00:bad::9 'http://[fd00:10::1]/'

# A scan from one address, while another opens a few connections.
ip netns exec bpfkit-client python3 "$here/traffic/connect.py" 10.30.0.9 10.10.0.1 60 & scan=$!
client python3 "$here/traffic/connect.py" 10.10.0.3 10.10.0.1 8
wait "$scan"

# The other VLAN, with a small scan of its own over IPv6.
client ping -q -c 3 -i 0.05 172.16.40.1 >/dev/null
get 172.16.40.2 http://172.16.40.1/
ask 172.16.40.2 172.16.40.1 example.test A
get fd99:40::2 'http://[fd99:40::1]/'
client python3 "$here/traffic/connect.py" fd99:40::2 fd99:40::1 25

sleep 1
kill "$capture"
wait "$capture" || true
cp "$work/traffic.pcap" "$output"
