#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
--exposure against real connects (exposed.py): rule sets that use each expression in an unusual way, each with
what may stay in doubt.
"""
import json
import os
import select
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import peers
import tap
from exposed import *

scene("an accept of one table, a drop of another", chain("tcp dport 20001 accept", "drop", priority="-5") + chain("tcp dport { 20001, 20002 } accept", "drop", table="g", priority="5"))
scene("a raw payload", chain("@th,16,16 20001 drop\n@th,0,32 & 0xffff == 20002 drop\nth dport 20003 drop"))
scene("ports by a bit, a mask, an order", chain("tcp dport & 1 == 1 drop\nudp dport & 0xfffc == 20000 drop\ntcp dport >= 20011 drop"))
scene("negated sets and maps", chain("tcp dport != { 20001-20004, 20021-20024 } drop\nudp dport != @s drop", extra="set s { type inet_service; elements = { 20002, 20003 } }"))
scene("returns from user chains and from the base", chain("jump one\ntcp dport 20001-20004 drop\nudp dport 20001 return\nmeta l4proto udp drop").replace(
    "chain c", "chain two { tcp dport 20002 return\ntcp dport 20001 accept\n}\nchain one { tcp dport 20003 return\njump two\ntcp dport 20004 drop\n}\nchain c"))
scene("a policy behind a return", chain("tcp dport 20001 return\ntcp dport 20002 accept\ntcp dport 20003 goto one\ntcp dport 20004 accept", "drop").replace(
    "chain c", "chain one { tcp dport 20004 accept\n}\nchain c"))
scene("ct direction and status", chain("ct direction original tcp dport 20001 drop\nct status seen-reply tcp dport 20002 drop\nct status snat tcp dport 20003 drop"))
scene("ct in output", chain("meta l4proto tcp ct direction reply ct original proto-dst 0x4e21 drop\nct original ip daddr 10.1.0.1 tcp sport 20002 drop\nmeta l4proto tcp ct reply proto-src 0x4e23 drop", hook="output"), sure=len(EVERY) - 14)
scene("established of output by port", chain("ct state established tcp sport 20001-20003 accept\nmeta l4proto tcp drop", hook="output"))
# Rules that leave out neighbour discovery, which is untracked: the listener of IPv6 alone depends on neighbours' entries.
scene("untracked, and only tracked ones go on", chain("tcp dport 20001-20003 notrack", hook="prerouting", priority="raw") +
      chain("ct state new,established accept\nct state untracked tcp dport 20003 accept", "drop", table="g"), sure=len(EVERY) - 1)
scene("answers untracked", chain("tcp sport 20001 notrack", hook="output", priority="raw") + chain("ct state established accept\nct state untracked drop\n", "accept", hook="output", table="g"),
      sure=len(EVERY) - 1)
scene("a mark before a part that fails", chain("meta mark set 0x7 tcp dport 29999 accept", hook="prerouting", priority="mangle") +
      chain("meta mark 0x7 tcp dport 20001-20002 drop\nmeta mark != 0x7 tcp dport 20003 drop", table="g"))
scene("marks by bits", chain("tcp dport 20001-20004 meta mark set meta mark or 0x10\ntcp dport 20003 meta mark set meta mark or 0x1", hook="prerouting", priority="mangle") +
      chain("meta mark & 0x1 == 0x1 accept\nmeta mark & 0x10 == 0x10 drop", table="g"))
scene("marks by connection", chain("tcp dport 20001 ct mark set 1", hook="prerouting", priority="mangle") + chain("ct mark 1 drop", table="g"), sure=0)
scene("fib of many kinds", chain("fib daddr . iif type != local tcp dport 20001 drop\nfib saddr . iif oif missing drop\nfib saddr type local drop\nfib daddr type { broadcast, multicast } drop\n"
                                 "fib daddr . iif type local tcp dport 20002 drop"), sure=len(EVERY) - 1)
scene("interfaces by index and group and kind", chain('iif eth1 tcp dport 20001 drop\niifgroup default tcp dport 20002 drop\nmeta iiftype ether tcp dport 20004 drop'), sure=len(EVERY) - 2)
scene("wild names", chain('iifname "eth*" tcp dport 20001 drop\niifname "et*1" tcp dport 20002 drop\niifname != "eth1" tcp dport 20003 drop\niifname { "eth1", "lo" } tcp dport 20004 drop'))
scene("random and hashes", chain("numgen random mod 2 vmap { 0 : accept, 1 : drop }"), sure=0)
scene("numgen and jhash", chain("tcp dport 20001 numgen inc mod 2 0 drop\ntcp dport 20002 jhash ip saddr mod 2 0 drop\ntcp dport 20003 numgen random mod 4 < 3 drop"), sure=len(EVERY) - 2)
scene("log, counter, quota, queue", chain("tcp dport 20001 log prefix \"x\" counter drop\ntcp dport 20004 quota over 1 mbytes drop"), sure=len(EVERY) - 1)
scene("named limits and quotas", "table inet f {\nlimit l { rate over 1/hour burst 1 packets }\nquota q { until 1 mbytes }\ncounter k { }\n"
      "chain c { type filter hook input priority 0; policy accept;\ntcp dport 20001 limit name l drop\ntcp dport 20002 quota name q accept\ntcp dport 20002 drop\ntcp dport 20003 counter name k drop\n}\n}\n", sure=len(EVERY) - 2)
scene("sets that time out", chain("tcp dport @s drop\nip saddr @t drop", extra="set s { type inet_service; timeout 1h; elements = { 20001, 20002 timeout 100s } }\nset t { type ipv4_addr; flags dynamic, timeout; timeout 1m; size 100; }"), sure=len(EVERY) - 5)
scene("knocking", chain("tcp dport 20012 add @k { ip saddr } drop\ntcp dport 20001 ip saddr @k accept\ntcp dport 20001 drop", extra="set k { type ipv4_addr; flags dynamic; timeout 1h; }"), sure=len(EVERY) - 1)
scene("meters", chain("tcp dport 20001 meter m { ip saddr limit rate over 1/hour burst 5 packets } drop\ntcp dport 20002 update @k { ip saddr ct count over 100 } drop", extra="set k { type ipv4_addr; flags dynamic; size 100; }"))
scene("synproxy", chain("tcp dport 20001 ct state invalid,untracked synproxy mss 1460 wscale 7\ntcp dport 20002 drop") + chain("tcp dport 20001 tcp flags syn notrack", hook="prerouting", priority="raw", table="g"), sure=len(EVERY) - 1)
scene("sockets and cgroups", chain('socket transparent 1 tcp dport 20001 drop\nmeta cgroup 5 tcp dport 20002 drop\nsocket wildcard 0 tcp dport 20003 drop'), sure=len(EVERY) - 3)
scene("cgroup of output", chain('meta cgroup != 0 tcp sport 20001 drop\nmeta skuid 0 tcp sport 20002 drop\nmeta skgid 4242 tcp sport 20003 drop', hook="output"), sure=len(EVERY) - 3)
scene("header fields", chain("tcp option maxseg size < 100 tcp dport 20001 drop\nip length > 2000 tcp dport 20002 drop\nmeta length < 20 tcp dport 20003 drop\nip dscp cs1 tcp dport 20004 drop\nip version 4 tcp dport 20005 drop\nip6 version 6 tcp dport 20006 drop\ntcp doff < 5 tcp dport 20007 drop\ntcp window 0 tcp dport 20008 drop"), sure=len(EVERY) - 4)
scene("times", chain('meta hour >= "00:00" meta hour < "23:59:59" tcp dport 20001 drop\nmeta day { 0, 1, 2, 3, 4, 5, 6 } tcp dport 20002 drop'), sure=len(EVERY) - 2)
scene("ether addresses", chain("ether saddr 02:00:00:00:00:01 tcp dport 20001 drop\nether type ip tcp dport 20002 drop\nether saddr != 02:00:00:00:00:01 tcp dport 20003 drop"), sure=len(EVERY) - 3)
scene("a DNAT that a rule of the original address stops", chain("tcp dport 20031 redirect to :20001", hook="prerouting", priority="dstnat", kind="nat") +
      chain("ct original ip daddr 10.1.0.1 ct status dnat drop", table="g"))
scene("redirect by map", chain("meta l4proto tcp redirect to :tcp dport map { 20001 : 20002, 20003 : 20004 }", hook="prerouting", priority="dstnat", kind="nat"))
scene("dnat to ourselves", chain("tcp dport 20001 dnat ip to 10.1.0.1:20002", hook="prerouting", priority="dstnat", kind="nat") + chain("tcp dport 20002 ct status != dnat drop", table="g"))
scene("dnat to nowhere", chain("tcp dport 20001 dnat ip to 10.1.0.99:80\ntcp dport 20002 dnat ip to 10.9.9.9", hook="prerouting", priority="dstnat", kind="nat"))
scene("snat of input", chain("tcp dport 20001 snat ip to 10.77.0.1", hook="input", priority="100", kind="nat"))
scene("tproxy", chain("tcp dport 20001 tproxy ip to 127.0.0.1:20021 meta mark set 1 accept\ntcp dport 20002 tproxy to :20003", hook="prerouting", priority="mangle"), sure=len(EVERY) - 2)
scene("vmap of addresses and ports", chain("ip daddr . meta l4proto . th dport vmap { 10.1.0.1 . tcp . 20001 : drop, 10.2.0.1 . tcp . 20001 : drop, 10.1.0.1 . udp . 20001 : drop, 10.1.0.0/24 . tcp . 20002-20003 : jump one }").replace("chain c", "chain one { tcp dport 20003 drop\n}\nchain c"))
scene("many elements", chain("tcp dport @s drop", extra="set s { type inet_service; flags interval; auto-merge; elements = { %s } }" % ", ".join("%d-%d" % (p, p + 3) for p in range(10000, 20001, 10))))
scene("catchall elements", chain("tcp dport vmap @v", extra="map v { type inet_service : verdict; elements = { 20001 : accept, 20021-20024 : accept, * : drop } }".replace("type inet_service : verdict;", "type inet_service : verdict; flags interval;")))
scene("egress by policy", 'table netdev f {\nchain c { type filter hook egress device "eth1" priority 0; policy drop;\nether type arp accept\nip6 nexthdr icmpv6 accept\ntcp sport 20001-20003 accept\n}\n}\n')
scene("ingress accepts do not end inet ones", 'table netdev f {\nchain c { type filter hook ingress devices = { eth1, eth2 } priority 0; policy accept;\ntcp dport 20001 accept\ntcp dport 20002 drop\n}\n}\n' + chain("tcp dport 20001 drop"))
scene("kubernetes", commands=[
    "iptables-nft -t nat -N KUBE-SERVICES", "iptables-nft -t nat -N KUBE-NODEPORTS", "iptables-nft -t nat -N KUBE-SVC", "iptables-nft -t nat -N KUBE-SEP1", "iptables-nft -t nat -N KUBE-SEP2", "iptables-nft -t nat -N KUBE-MARK-MASQ",
    "iptables-nft -t nat -A PREROUTING -m comment --comment portals -j KUBE-SERVICES", "iptables-nft -t nat -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
    "iptables-nft -t nat -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000", "iptables-nft -t nat -A KUBE-NODEPORTS -p tcp -m tcp --dport 20001 -j KUBE-MARK-MASQ", "iptables-nft -t nat -A KUBE-NODEPORTS -p tcp -m tcp --dport 20001 -j KUBE-SVC",
    "iptables-nft -t nat -A KUBE-SVC -m statistic --mode random --probability 0.5 -j KUBE-SEP1", "iptables-nft -t nat -A KUBE-SVC -j KUBE-SEP2",
    "iptables-nft -t nat -A KUBE-SEP1 -p tcp -j DNAT --to-destination 10.1.0.1:20002", "iptables-nft -t nat -A KUBE-SEP2 -p tcp -j DNAT --to-destination 10.1.0.1:20003",
    "iptables-nft -N KUBE-FIREWALL", "iptables-nft -A INPUT -j KUBE-FIREWALL", "iptables-nft -A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP"])
scene("recent, hashlimit, connlimit", commands=[
    "iptables-nft -A INPUT -p tcp --dport 20001 -m recent --name a --set", "iptables-nft -A INPUT -p tcp --dport 20001 -m recent --name a --update --seconds 60 --hitcount 2 -j DROP",
    "iptables-nft -A INPUT -p tcp --dport 20002 -m hashlimit --hashlimit-above 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name b -j DROP",
    "iptables-nft -A INPUT -p tcp --dport 20003 -m connlimit --connlimit-above 0 -j DROP", "iptables-nft -A INPUT -p tcp --dport 20004 -m limit --limit 1/hour --limit-burst 1 -j ACCEPT",
    "iptables-nft -A INPUT -p tcp --dport 20004 -j DROP"])
scene("owner, physdev, string, u32, iprange, mac, tos, ttl", commands=[
    "iptables-nft -A OUTPUT -p tcp --sport 20001 -m owner --uid-owner 0 -j DROP", "iptables-nft -A INPUT -p tcp --dport 20002 -m iprange --src-range 10.1.0.1-10.1.0.9 -j DROP",
    "iptables-nft -A INPUT -p tcp --dport 20003 -m mac --mac-source 02:00:00:00:00:01 -j DROP", "iptables-nft -A INPUT -p tcp --dport 20004 -m ttl --ttl-lt 5 -j DROP",
    "iptables-nft -A INPUT -p tcp --dport 20005 -m length --length 0:30 -j DROP", "iptables-nft -A INPUT -p tcp --dport 20006 -m tcp --tcp-option 8 -j DROP",
    "iptables-nft -A INPUT -p tcp --dport 20007 -m conntrack ! --ctstate NEW -j DROP", "iptables-nft -A INPUT -p tcp --dport 20008 -m conntrack --ctorigdst 10.1.0.1 -j DROP",
    "iptables-nft -A OUTPUT -p tcp -m conntrack --ctorigdstport 20009 -j DROP", "iptables-nft -A OUTPUT -p tcp -m conntrack --ctdir REPLY -m multiport --sports 20010,20011 -j DROP",
    "iptables-nft -A INPUT -p tcp --dport 20012 -m time --timestart 00:00 --timestop 23:59 -j DROP"])
scene("negations by iptables", commands=[
    "iptables-nft -A INPUT -p tcp ! --dport 20001:20009 -j DROP", "iptables-nft -A INPUT -p udp ! --dport 20001 -j DROP", "iptables-nft -A INPUT ! -s 10.1.0.2 -p tcp --dport 20002 -j DROP",
    "iptables-nft -A INPUT ! -d 10.1.0.1 -p tcp --dport 20003 -j DROP", "ip6tables-nft -A INPUT -p tcp -m multiport ! --dports 20001,20002 -j REJECT --reject-with tcp-reset"])
scene("raw and mangle by iptables", commands=[
    "iptables-nft -t raw -A PREROUTING -p tcp --dport 20001 -j CT --notrack", "iptables-nft -t mangle -A PREROUTING -p tcp --dport 20002 -j MARK --set-xmark 0x3/0xff", "iptables-nft -t mangle -A INPUT -m mark --mark 0x2/0x2 -p tcp -j DROP",
    "iptables-nft -t mangle -A PREROUTING -p tcp --dport 20003 -j CONNMARK --set-mark 9", "iptables-nft -A INPUT -p tcp -m connmark --mark 9 -j DROP", "iptables-nft -t raw -A OUTPUT -p tcp --sport 20004 -j DROP",
    "iptables-nft -A INPUT -m conntrack --ctstate UNTRACKED -j DROP", "iptables-nft -t mangle -A POSTROUTING -p tcp --sport 20005 -j DROP"], sure=len(EVERY) - 2)

# Before connection tracking sees a packet, or where it was told not to, none has a connection; nor has its answer.
scene("ct before it is tracked", chain("ct state invalid tcp dport 20001 drop\nct state new tcp dport 20002 drop\nct state new tcp dport 20003 accept\ntcp dport 20003 drop\nct direction original tcp dport 20004 drop", hook="prerouting", priority="raw") +
      chain("ct state established tcp sport 20005 drop\nct state invalid tcp sport 20006 drop\nct state != established tcp sport 20007 drop\nct mark 0 tcp sport 20008 drop", hook="output", priority="raw", table="g"))
scene("ct at ingress", "table inet h {\nchain c {\ntype filter hook ingress devices = { eth1, eth2 } priority 0; policy accept;\nct state invalid tcp dport 20001 drop\nct state new tcp dport 20002 drop\n}\n}\n")
scene("ct beside tracking, and a late notrack", chain("tcp dport 20001 ct state new drop\ntcp dport 20002 ct state invalid drop", hook="prerouting", priority="-200") +
      chain("tcp dport 20003 notrack", hook="prerouting", priority="-150", table="g") + chain("ct state untracked drop", table="h"), sure=len(EVERY) - 3)
scene("the answer of an untracked one", chain("tcp dport 20001-20006 notrack", hook="prerouting", priority="raw") +
      chain("tcp sport 20001 ct state invalid drop\ntcp sport 20002 ct state untracked drop\ntcp sport 20003 ct state established drop\ntcp sport 20004 ct state established,untracked accept\n"
            "tcp sport 20004 drop\ntcp sport 20005 ct direction reply drop\ntcp sport 20006 ct mark 0 drop", hook="output", table="g"))
scene("more of ct than an untracked one has", chain("tcp dport 20001-20004 notrack\nip saddr 10.1.0.2 tcp dport 20005 notrack", hook="prerouting", priority="raw") +
      chain("ct direction original tcp dport 20001 drop\nmeta l4proto tcp ct original proto-dst 0x4e22 drop\nct l3proto ipv4 tcp dport 20003 drop\nct status 0 tcp dport 20004 drop\n"
            "ct direction original tcp dport 20005 drop\nct direction original udp dport 20001 drop", table="g"), sure=len(EVERY) - 1)
scene("a zone for an untracked one", chain("tcp dport 20001-20002 notrack\nct zone set 5", hook="prerouting", priority="raw") + chain("ct state untracked drop\ntcp dport 20002 ct state new drop", table="g"))
scene("some are untracked, and a redirect", chain("ip saddr 10.1.0.2 tcp dport 20001 notrack", hook="prerouting", priority="raw") +
      chain("tcp dport 20001 redirect to :20002", hook="prerouting", priority="dstnat", kind="nat", table="g") + chain("tcp dport 20002 drop", table="h"), sure=len(EVERY) - 1)
scene("ct before it is tracked, by iptables", commands=[
    "iptables-nft -t raw -A PREROUTING -p tcp --dport 20001 -m conntrack --ctstate INVALID -j DROP", "ip6tables-nft -t raw -A PREROUTING -p tcp --dport 20001 -m conntrack --ctstate INVALID -j DROP",
    "iptables-nft -t raw -A PREROUTING -p tcp --dport 20002 -m state --state NEW -j DROP", "iptables-nft -t raw -A PREROUTING -p tcp --dport 20003 -j CT --notrack", "ip6tables-nft -t raw -A PREROUTING -p tcp --dport 20003 -j CT --notrack",
    "iptables-nft -A INPUT -p tcp --dport 20003 -m conntrack --ctdir ORIGINAL -j DROP", "ip6tables-nft -A INPUT -p tcp --dport 20003 -m conntrack --ctdir ORIGINAL -j DROP",
    "iptables-nft -t raw -A PREROUTING -p tcp --dport 20004 -m conntrack ! --ctstate NEW --ctdir REPLY -j DROP", "ip6tables-nft -t raw -A PREROUTING -p tcp --dport 20004 -m conntrack ! --ctstate NEW --ctdir REPLY -j DROP"])

# What the answer hangs on, in words: all of it that one rule asks for, and whether other rules have a say.
rows = scene("conditions in words", chain("""meta nfproto ipv6 drop
tcp dport 20001 ip saddr 10.1.0.1 accept
tcp dport 20001 ip saddr 10.1.0.2 accept
tcp dport 20001 drop
tcp dport 20002 jump one
tcp dport 20002 drop
tcp dport 20003 ip saddr vmap @v
tcp dport 20004 ip saddr 10.1.0.2 accept
tcp dport 20004 drop
tcp dport 20005 ip saddr 10.1.0.2 drop
tcp dport 20006 ip saddr 10.1.0.2 drop
tcp dport 20006 ip saddr 10.2.0.2 drop
tcp dport 20007 jump two""", extra="map v { type ipv4_addr : verdict; elements = { 10.1.0.2 : accept, * : drop } }").replace("chain c",
    "chain one { ip saddr 10.9.0.0/16 return\nip saddr 10.1.0.0/24 accept\n}\nchain two { ip saddr { 10.1.0.2, 10.8.0.1 } return\ntcp sport 1024-65535 drop\n}\nchain c"),
    sure=len(EVERY) - 7)
if rows:
    t.same([row["decided_by"].split(": ")[1] for row in (rows[("tcp", port)] for port in range(20001, 20008))],
           ["with ip saddr 10.1.0.1, or as other rules say", "only with not ip saddr 10.9.0.0/16 and ip saddr 10.1.0.0/24", "not with some elements of ip saddr @v",
            "only with ip saddr 10.1.0.2", "not with ip saddr 10.1.0.2", "not with ip saddr 10.1.0.2, or as other rules say",
            "not with (not ip saddr { ... } and sport 1024-65535)"], "the conditions")

# What writes into the packet; sets that are full, elements that hold at times.
scene("rewritten without a verdict", chain("tcp dport 20001 tcp dport set 29999\nmeta nfproto ipv4 tcp dport 20002 ip daddr set 10.1.0.2\ntcp dport 20002 meta nfproto ipv6 drop\ntcp dport 20003 meta pkttype set other\n"
      "tcp dport 20004 tcp dport set 29999 ip saddr 10.9.9.9 accept\nip ttl set 64\nip6 hoplimit set 64\nip dscp set cs1\ntcp dport 20005 tcp option maxseg size set 1200\n"
      "tcp dport 20041 tcp dport set 20006\ntcp dport 20007 meta pkttype set host", hook="prerouting", priority="raw") +
      chain("tcp dport 20004 drop\ntcp dport 20008 drop", table="g"), sure=len(EVERY) - 4)
scene("rewritten there and back", chain("jump one", hook="prerouting", priority="raw").replace("chain c", "chain one { tcp dport 20001 tcp dport set 20002\n}\nchain c") +
      chain("tcp sport 20002 tcp sport set 20001", hook="postrouting", priority="300", table="g") + chain("tcp dport 20001 drop", table="h"), sure=len(EVERY) - 2)
scene("full sets", chain("tcp dport 20001 add @k { ip saddr } drop\ntcp dport 20002 add @m { ip saddr } drop\nmeta nfproto ipv6 tcp dport { 20001, 20002 } drop\ntcp dport 20003 add @n { tcp dport . ip saddr timeout 1m } drop\nmeta nfproto ipv6 tcp dport 20003 drop",
      extra="set k { type ipv4_addr; size 1; flags dynamic; elements = { 1.2.3.4 } }\nset m { type ipv4_addr; size 9; flags dynamic; elements = { 1.2.3.4 } }\nset n { type inet_service . ipv4_addr; flags dynamic, timeout; }"), sure=len(EVERY) - 1)
scene("elements with limits and counters", chain("tcp dport @s drop\ntcp dport @q drop\ntcp dport @u drop", extra="set s { type inet_service; size 10; flags dynamic; quota over 1 mbytes; elements = { 20001, 20002 } }\n"
      "set q { type inet_service; size 10; flags dynamic; limit rate over 1/hour burst 5 packets; elements = { 20003 } }\nset u { type inet_service; counter; elements = { 20004 } }"), sure=9)
scene("addrtype of one interface", commands=["iptables-nft -A INPUT -p tcp --dport 20023 -m addrtype ! --dst-type LOCAL --limit-iface-in -j DROP", "iptables-nft -A INPUT -p tcp --dport 20022 -m addrtype --dst-type LOCAL --limit-iface-in -j DROP",
      "ip6tables-nft -A INPUT -p tcp --dport 20024 -m addrtype --dst-type UNICAST -j DROP", "ip6tables-nft -A INPUT -p tcp --dport 20001 -m addrtype --dst-type LOCAL -j DROP", "iptables-nft -A INPUT -p tcp --dport 20001 -m addrtype --dst-type UNICAST -j DROP"], sure=len(EVERY) - 1)
scene("a map of addresses", commands=["iptables-nft -t nat -A PREROUTING -p tcp -d 10.1.0.1 --dport 20022 -j NETMAP --to 10.2.0.1/32", "iptables-nft -A INPUT -d 10.1.0.1 -j DROP"], sure=0)

scene("NAT chains behind SNAT", chain("tcp dport 20001 snat ip to 10.77.0.1\nmeta nfproto ipv4 ip saddr 10.1.0.2 tcp dport 20002 snat ip to 10.77.0.1", hook="input", priority="100", kind="nat") +
      chain("meta nfproto ipv4 tcp dport 20001-20002 drop\nmeta nfproto ipv6 tcp dport 20002 drop", hook="input", priority="101", kind="nat", table="g"), sure=len(EVERY) - 1)
rows = scene("rejected answers, and ranges of marks", chain("tcp sport 20001 reject with tcp reset\nmeta mark 1-3 tcp sport 20002 drop\nmeta mark > 5 tcp sport 20003 drop\nct mark 1-3 tcp sport 20004 drop", hook="output"), sure=len(EVERY) - 3)
if rows:
    t.same(rows[("tcp", 20001)]["state"], "filtered", "the peer of a rejected answer waits in vain")
    words = [rows[("tcp", port)]["decided_by"] for port in (20002, 20003, 20004)]
    t.ok("meta mark 0x1-0x3" in words[0] and "meta mark > 0x5" in words[1] and "ct mark 0x1-0x3" in words[2], "numbers as they were written", words)

# A datagram to all hosts of a net is none to an address of this one, and comes to a server of any address.
CAST = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.sendto(b"eth1", ("10.1.0.255", 20031))
"""
for name, rules, commands, sure in (
        ("pkttype accepts", chain("meta pkttype { broadcast, multicast } accept", "drop"), (), False),
        ("fib drops others", chain("fib daddr type != { broadcast, multicast } udp dport 20031 drop"), (), False),
        ("pkttype by iptables", None, ("iptables-nft -P INPUT DROP", "iptables-nft -A INPUT -m pkttype --pkt-type broadcast -j ACCEPT"), False),
        ("addrtype by iptables", None, ("iptables-nft -P INPUT DROP", "iptables-nft -A INPUT -m addrtype --dst-type BROADCAST -j ACCEPT"), False),
        ("unicast alone passes", chain("meta pkttype unicast fib daddr type local accept", "drop"), (), True)):
    rows = scene("broadcasts: " + name, rules, commands, sure=0)
    if not rows:
        continue
    received()
    tap.run([*peers.inside("eth1"), sys.executable, "-c", CAST])
    select.select([servers[20031]], [], [], 0 if sure else 2)
    came = ("udp", 20031) in received()["eth1"]
    t.same([came, rows.get(("udp", 20031), {}).get("state")], [not sure, "open" if sure else "depends"], name + ": what a broadcast meets")

# A packet that NAT sends to another port or address of this host is judged there, and leads to a socket that has it.
rows = scene("DNAT to ourselves, dropped there", chain("tcp dport 20001 dnat ip to 10.1.0.1:20002\ntcp dport 20041 dnat ip to 10.1.0.1:20002\n"
             "tcp dport 20042 dnat ip to 127.0.0.1:20021", hook="prerouting", priority="dstnat", kind="nat") + chain("tcp dport 20002 drop", table="g"))
t.same([rows.get(("tcp", port), {}).get("state") for port in (20041, 20042)], ["filtered", "filtered"], "dropped behind it, and no way to loopback")
redirects = chain("tcp dport 20041 redirect to :20023\ntcp dport 20042 redirect to :20021\ntcp dport 20043 redirect to :20001", hook="prerouting", priority="dstnat", kind="nat")
rows = scene("redirects to a listener of one address", redirects)
for port, links in ((20041, ["eth1"]), (20042, []), (20043, ["eth1", "eth2"])):
    told = [way["name"] for way in rows.get(("tcp", port), {}).get("interfaces", []) if way["state"] == "open"]
    met = [link for link in PEERS if tap.run([*peers.inside(link), sys.executable, "-c",
           "import socket; socket.create_connection((%r, %d), 0.3)" % (PEERS[link][0], port)]).status == 0]
    t.same([told, met], [links, links], "where %d is redirected to waits a socket" % port)
t.same(list(exposed("20041")[0]), [("tcp", 20041)], "the socket behind it needs not fit the filter")


def sent_on(name, rules, ports):
    """A port that NAT sends elsewhere: for each the states, by interface, that are sure and fit what the peer there meets."""
    rows = scene(name, rules, sure=0)
    for port, doubts in ports.items():
        ways = rows.get(("tcp", port), {}).get("interfaces", [])
        met = {link: tap.run([*peers.inside(link), sys.executable, "-c",
               "import socket; socket.create_connection((%r, %d), 0.3)" % (PEERS[link][0], port)]).status == 0 for link in PEERS}
        states = {way["name"]: way["state"] for way in ways}
        t.ok(len(states) == len(PEERS) and all((state in ("depends", "unknown")) if doubts else state in ("open", "filtered") and
             (state == "open") == met[link] for link, state in states.items()), "%s: port %d" % (name, port), states, met, rows.get(("tcp", port)))


def chains(*bodies, hook="prerouting", priority="mangle", kind="filter"):
    return "table inet f {\n" + "".join("chain c%d {\ntype %s hook %s priority %s; policy accept;\n%s\n}\n" % (
        i, kind, hook, priority, body) for i, body in enumerate(bodies)) + "}\n"


# Of equal priorities the chain that was registered last runs first.
one, two = "meta mark 1 drop", "tcp dport 20001 meta mark set 1"
scene("equal priorities, the mark is set in time", chains(one, two))
scene("equal priorities, the mark is set too late", chains(two, one))
tables = chain(one, hook="prerouting", priority="mangle", table="f") + chain(two, hook="prerouting", priority="mangle", table="g")
rows = scene("equal priorities in two tables", tables, sure=len(EVERY) - 1)
t.same(rows.get(("tcp", 20001), {}).get("state"), "unknown", "the order of two tables is not told")
scene("equal priorities in two tables that change nothing", chain("tcp dport 20001 drop", table="f") + chain("tcp dport { 20001, 20002 } drop", table="g"))
scene("a filter where NAT is", chain("tcp dport 20001 drop", hook="prerouting", priority="-100", table="a") +
      chain("tcp dport 20001 redirect to :20002", hook="prerouting", priority="dstnat", kind="nat"), sure=len(EVERY) - 1)
to_one, to_two = "tcp dport 20041 redirect to :20001", "tcp dport 20041 redirect to :20002"
sent_on("two redirects, the last to an open port", chains(to_one, to_two, priority="dstnat", kind="nat") + chain("tcp dport 20001 drop", table="h"), {20041: False})
sent_on("two redirects, the last to a closed one", chains(to_two, to_one, priority="dstnat", kind="nat") + chain("tcp dport 20001 drop", table="h"), {20041: False})
sent_on("two redirects of two tables", chain(to_one, hook="prerouting", priority="dstnat", kind="nat") + chain(to_two, hook="prerouting", priority="dstnat", kind="nat", table="g") +
        chain("tcp dport 20001 drop", table="h"), {20041: True})

scene("a range that the port is part of", chain("tcp dport 20022 dnat to 10.1.0.1:20022-20023", family="ip", hook="prerouting", priority="dstnat", kind="nat") +
      chain("", "drop", hook="forward", table="h"), sure=len(EVERY) - 1)
both = [row["state"] for row in json.loads(tap.run([tap.SOCKVIEW, "--exposure", "--json", "-q", ":20022"]).out)["listeners"]]
t.same(both, ["unknown", "unknown"], "the row of NAT and that of the listener itself")
# The answer's source is that of the first packet again behind NAT's hook of postrouting.
redirects = chain("tcp dport 20041 redirect to :20001\ntcp dport 20042 redirect to :20002", hook="prerouting", priority="dstnat", kind="nat")
for place in ("90", "200"):
    sent_on("answers of redirects at %s" % place, redirects + chain("tcp sport 20041 drop\ntcp sport 20002 drop", hook="postrouting", priority=place, table="g"), {20041: False, 20042: False})
sent_on("answers of redirects at egress", redirects + 'table netdev h {\nchain c {\ntype filter hook egress devices = { eth1, eth2 } priority 0; policy accept;\ntcp sport 20041 drop\ntcp sport 20002 drop\n}\n}\n',
        {20041: False, 20042: False})
sent_on("answers of redirects where NAT is", redirects + chain("tcp sport 20041 drop\ntcp sport 20002 drop", hook="postrouting", priority="100", table="g"), {20041: True, 20042: True})
# Three jumps in each of eleven chains: more rules than are followed, and then one that drops.
deep = "".join("chain l%d {\n%s%s\n}\n" % (i, "jump l%d\n" % (i - 1) * 3, "tcp dport 20001 drop" if i == 11 else "") for i in range(1, 12))
tap.run(["nft", "flush", "ruleset"])
done = tap.run(["nft", "-f", "-"], stdin=("table inet f {\nchain l0 {\nip saddr 192.0.2.1 accept\n}\n" + deep + "chain c {\ntype filter hook input priority 0; policy accept;\njump l11\n}\n}\n").encode())
rows, told = exposed(":20001", "-t")
t.ok(done.status == 0 and rows.get(("tcp", 20001), {}).get("state") == "unknown" and "more rules than are followed" in rows["tcp", 20001]["decided_by"],
     "rules that are not followed to their end may do anything", done, told)


# --- a neighbour that does not know our link address yet --------------------------------------------------------


def forgotten(name, rules, port, want, commands=()):
    """`want`: "open", which is reached; "depends", which is not while no neighbour has an entry."""
    tap.run(["nft", "flush", "ruleset"])
    made = [tap.run(["nft", "-f", "-"], stdin=rules.encode())] if rules else []
    made += [tap.run(command.split()) for command in commands]
    if any(one.status for one in made):
        t.skip(name, " ".join(one.err.decode(errors="replace").strip() for one in made))
        return
    rows, told = exposed(str(port), "-t")
    for link in PEERS:
        tap.run(["ip", "neigh", "flush", "dev", link])
        tap.run([*peers.inside(link), "ip", "neigh", "flush", "dev", "far"])
    met, row = reached(1500), rows.get(("tcp", port), {})
    t.ok(row.get("state") == want and [("tcp", port) in met[link] for link in PEERS] == [want == "open"] * len(PEERS) and
         (want == "open" or "neighbour entry" in row["decided_by"]), name, row, told, *[("tcp", port) in met[link] for link in PEERS])


lets_in = "ct state established,related accept\ntcp dport { 20022, 20024 } accept"
forgotten("no neighbour discovery comes in", chain(lets_in, "drop"), SIX, "depends")
forgotten("ARP is no matter of inet", chain(lets_in, "drop"), FOUR, "open")
forgotten("solicitations come in", chain(lets_in + "\nicmpv6 type nd-neighbor-solicit accept", "drop"), SIX, "open")
forgotten("no advertisement goes out", chain("icmpv6 type nd-neighbor-advert drop", hook="output"), SIX, "depends")
forgotten("ARP is dropped", "table arp f {\nchain c {\ntype filter hook input priority 0; policy drop;\n}\n}\n", FOUR, "depends")
forgotten("ARP's replies are dropped", "table arp f {\nchain c {\ntype filter hook output priority 0; policy accept;\narp operation reply drop\nmeta iif 0 accept\n}\n}\n", FOUR, "depends")
forgotten("TCP alone at ingress", 'table netdev h {\nchain c {\ntype filter hook ingress devices = { eth1, eth2 } priority 0; policy drop;\ntcp dport { 20022, 20024 } accept\n}\n}\n', FOUR, "depends")
forgotten("TCP and ARP at ingress", 'table netdev h {\nchain c {\ntype filter hook ingress devices = { eth1, eth2 } priority 0; policy drop;\nether type arp accept\ntcp dport 20022 accept\n}\n}\n',
          FOUR, "open")
forgotten("solicitations by ip6tables", "", SIX, "open",
          ["ip6tables-nft -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-solicitation -j ACCEPT", "ip6tables-nft -A INPUT -p tcp --dport 20024 -j ACCEPT",
           "ip6tables-nft -P INPUT DROP"])
forgotten("echo alone by ip6tables", "", SIX, "depends",
          ["ip6tables-nft -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type echo-request -j ACCEPT", "ip6tables-nft -A INPUT -p tcp --dport 20024 -j ACCEPT",
           "ip6tables-nft -P INPUT DROP"])
tap.run(["nft", "flush", "ruleset"])
end()
