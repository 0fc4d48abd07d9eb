// SPDX-License-Identifier: MIT
/*
 * foreign_words.c - the options of ss 7.3, netstat 2.10, lsof 4.99, sockstat and fuser that are none of ours, and
 * words that newer tools have (foreign_words.h).
 *
 * A row is taken out when the word becomes an option of our own. Letters that
 * are ours and mean something else there stand in the man page.
 */
#include "cli/foreign_words.h"

#include <string.h>

#include <sockview/countof.h>

#define TAKEN(tool, word, own) \
	{ \
		word, tool, own, NULL \
	}
#define REFUSED(tool, word, text) \
	{ \
		word, tool, NULL, text \
	}

/* Neither taken nor refused: the rest of the line is what its user wants to see. */
#define NOTED(tool, word, text) \
	{ \
		word, tool, "", text \
	}

static const struct foreign_word words[] = {
	TAKEN("ss", "--processes", "programs"),
	TAKEN("ss", "--extended", "extend"),
	TAKEN("ss", "--options", "timers"),
	TAKEN("ss", "--oneline", "wide"),
	TAKEN("ss", "-O", "wide"),
	TAKEN("ss", "--ipv4", "inet"),
	TAKEN("ss", "--ipv6", "inet6"),
	TAKEN("ss", "--query", "protocol"),
	TAKEN("ss", "--socket", "protocol"),
	TAKEN("ss", "--bound-inactive", "state=bound"),
	TAKEN("ss", "-B", "state=bound"),
	TAKEN("ss", "--filter", "filter-file"),
	TAKEN("netstat", "--ip", "inet"),
	TAKEN("netstat", "--tcpip", "inet"),
	TAKEN("netstat", "--symbolic", "wide"),
	TAKEN("netstat", "--notrim", "wide"),
	TAKEN("netstat", "--extend-more", "extend"),
	TAKEN("sockstat", "--numeric-addresses", "numeric-hosts"),
	REFUSED("ss", "-T", "shows threads: --columns +tid"),
	REFUSED("ss", "--threads", "--columns +tid"),
	REFUSED("ss", "-Q", "leaves the queues out: --columns -recv_q,-send_q"),
	REFUSED("ss", "--no-queues", "--columns -recv_q,-send_q"),
	REFUSED("ss", "-D", "keeps the kernel's answers: --record FILE"),
	REFUSED("ss", "--diag", "--record FILE"),
	REFUSED("ss", "--tos", "--columns +tos,+tclass"),
	REFUSED("ss", "--inet-sockopt", "--columns names each socket option: --list-columns"),
	TAKEN("ss", "-d", "dccp"),
	TAKEN("ss", "-S", "sctp"),
	REFUSED("ss", "--tipcinfo", "-e and --columns tell TIPC's: --list-columns"),
	REFUSED("ss", "--bpf-map-id", "--bpf-maps shows the storage of all maps"),
	TAKEN("ss", "--net", "netns"),
	REFUSED("ss", "-z", "shows the sockets' contexts too: -Z shows the owners'"),
	REFUSED("ss", "--contexts", "the sockets' contexts are not listed; the owners' are: --context"),
	REFUSED("netstat", "--statistics", "counters of protocols are no sockets: nstat -az"),
	REFUSED("netstat", "--route", "routes are no sockets: ip route"),
	REFUSED("netstat", "--interfaces", "interfaces are no sockets: ip -s link"),
	REFUSED("netstat", "--groups", "multicast groups: ip maddr"),
	REFUSED("netstat", "-g", "multicast groups: ip maddr"),
	REFUSED("netstat", "--masquerade", "masqueraded connections: conntrack -L"),
	REFUSED("netstat", "-C", "the cache of routes: ip route show cache"),
	REFUSED("netstat", "--cache", "the cache of routes: ip route show cache"),
	REFUSED("netstat", "--fib", "routes are no sockets: ip route"),
	REFUSED("netstat", "--ax25", "AX.25 is not listed"),
	REFUSED("netstat", "--ipx", "IPX is not listed"),
	REFUSED("netstat", "--netrom", "NET/ROM is not listed"),
	REFUSED("netstat", "--rose", "ROSE is not listed"),
	REFUSED("netstat", "--ddp", "Appletalk is not listed"),
	REFUSED("netstat", "--x25", "X.25 is not listed"),
	REFUSED("netstat", "--appletalk", "Appletalk is not listed"),
	REFUSED("netstat", "--econet", "Econet is not listed"),
	REFUSED("netstat", "--ec", "Econet is not listed"),
	REFUSED("netstat", "--ash", "Ash is not listed"),
	REFUSED("netstat", "--l2cap", "Bluetooth is not listed"),
	REFUSED("netstat", "--rfcomm", "Bluetooth is not listed"),
	REFUSED("netstat", "--bluetooth", "Bluetooth is not listed"),
	REFUSED("lsof", "-R", "the parent's pid: --columns +ppid, or -R with -i"),
	REFUSED("lsof", "-L", "link counts: sockets have none"),
	REFUSED("lsof", "-X", "it leaves out TCP and UDP: nothing would remain"),
	REFUSED("fuser (and lsof, whose kernel file is not read)", "-k",
	        "--signal=KILL :PORT ends the server, --kill closes connections"),
	REFUSED("fuser", "--silent", "the exit status alone: sockview PORT > /dev/null"),
	REFUSED("fuser", "--list-signals", "--signal=SIG takes the names that kill -l prints"),
	REFUSED("fuser", "--interactive", "--signal and --kill ask by themselves where more than one program is met"),
	REFUSED("fuser", "--mount", "it is about file systems, not sockets"),
	REFUSED("fuser", "--ismountpoint", "it is about file systems, not sockets"),
	REFUSED("fuser", "--inode", "it is about files, not sockets; a socket by its inode: sockview 'inode = N'"),
	REFUSED("fuser", "--writeonly", "it is about files, not sockets"),
	REFUSED("fuser", "--namespace", "write the target itself: sockview tcp:8080"),
	REFUSED("sockstat", "-j", "jails are FreeBSD's"),
	REFUSED("sockstat", "--libxo", "--json"),
	REFUSED("newer tools", "--interface", "write a filter: sockview dev eth0"),
	REFUSED("newer tools", "--port", "write the port itself: sockview 80"),
	REFUSED("newer tools", "--ports", "write the ports themselves: sockview :80,443"),
	REFUSED("newer tools", "--sport", "write a filter: sockview 'sport = :80'"),
	REFUSED("newer tools", "--dport", "write a filter: sockview 'dport = :443'"),
	REFUSED("newer tools", "--address", "write the address itself: sockview 192.0.2.7"),
	REFUSED("newer tools", "--addr", "write the address itself: sockview 192.0.2.7"),
	REFUSED("newer tools", "--host", "write the address itself: sockview 192.0.2.7"),
	REFUSED("newer tools", "--process", "--program NAME, or --pid PID"),
	REFUSED("newer tools", "--name", "--program NAME"),
	REFUSED("newer tools", "--command", "--program NAME"),
	REFUSED("newer tools", "--proto", "-t, -u, or --protocol LIST"),
	REFUSED("newer tools", "--unit", "write a filter: sockview -a 'unit = ssh.service'"),
	REFUSED("newer tools", "--service", "write a filter: sockview -a 'unit = ssh.service'"),
	REFUSED("newer tools", "--container", "write a filter: sockview -a 'container = NAME'"),
	REFUSED("newer tools", "--group", "--group-by COLUMNS"),
	REFUSED("newer tools", "--limit", "--top N"),
	REFUSED("newer tools", "--interval", "-c2 looks again every 2 seconds"),
	REFUSED("newer tools", "--output", "--format FMT, or > FILE"),
	REFUSED("newer tools", "--listeners", "-l, --listening"),
	REFUSED("newer tools", "--established", "--state established"),
	REFUSED("newer tools", "--states", "--state LIST"),
	REFUSED("newer tools", "--field", "--columns LIST"),
	REFUSED("newer tools", "--fields", "--columns LIST"),
};

const struct foreign_word *foreign_word_find(const char *word, size_t len)
{
	for (size_t i = 0; i < countof(words); i++)
		if (strlen(words[i].word) == len && strncmp(words[i].word, word, len) == 0)
			return &words[i];
	return NULL;
}

const struct foreign_word *foreign_word_at(size_t index)
{
	return index < countof(words) ? &words[index] : NULL;
}
