// SPDX-License-Identifier: MIT
/*
 * main.c - the composition root: arguments in, exit status out.
 *
 * A map of the code: the rooms, from the top down, and what each file is for
 *
 *   cli/
 *     cli.h                            the command line
 *     columns_help.c                   --list-columns: the table of columns as text
 *     completions.c                    what bash, zsh and fish are told of the options
 *     foreign_words.c foreign_words.h  the options of other tools: what they are here
 *     lsof_words.c lsof_words.h        the letters of lsof's line
 *     option_table.c option_table.h    one table of options
 *     options.c                        the arguments read by the table of options
 *     contradictions.c contradictions.h options that cannot be meant together
 *     options_help.c                   the option table as a screen of text
 *     options_near.c options_near.h    the option that a mistyped one may have meant
 *     respell.c respell.h              other tools' spelling as ours
 *     whose_line.c whose_line.h        whether a line is lsof's, ss's or neither's
 *   run/
 *     acting.c acting.h                -K in place of a look, and what --signal does as it does
 *     checkup.c checkup.h              --health: two looks, and what they found
 *     confine.c confine.h              whether a run has a sandbox, and what is done before it begins
 *     connecting.c connecting.h        --connect in place of a look
 *     eventing.c eventing.h            --events in place of a look
 *     explaining.c explaining.h        --explain in place of a look
 *     exposing.c exposing.h            --exposure in place of a look
 *     exit_status.h                    what the program's exit status says
 *     gather.c gather.h                sockets and their owners
 *     hidden.c hidden.h                what a selection could not tell because an owner was not seen
 *     invocation.h                     one invocation
 *     keeping.c keeping.h              the owners of looks that are taken again and again
 *     listing.c listing.h              what is printed and in which form
 *     look.c look.h                    one look at the sockets, from privileges to report
 *     meant.c meant.h                  what words of the filter were meant as: a program, a pid, either port
 *     mode.h                           what an invocation does with the sockets
 *     namespaces.c namespaces.h        which network namespaces -N names
 *     netns_counts.c netns_counts.h    --list-netns: a row for each network namespace
 *     netns_gather.c netns_gather.h    the sockets of more network namespaces than our own
 *     naming.c naming.h                what a shell may complete an argument with
 *     notes.c notes.h                  the wording of notes: what an answer lacks, a line each
 *     notes_legend.c notes_legend.h    with -v: why owners are blank: counted, and in words
 *     notes_filter.c                   what was wrong with a filter, with a caret under it
 *     open.c open.h                    opens and closes all that a run needs
 *     options.h                        what one invocation is asked
 *     pager.c pager.h                  the user's pager behind our output
 *     pids.c pids.h                    the pids of --pids
 *     rating.c rating.h                the rates of looks that are taken again and again
 *     rights.c rights.h                the rights that a look takes, and gives up before it prints
 *     run.c run.h                      one invocation from the options to the last flush
 *     selection.c selection.h          which sockets the command line wants
 *     show.c show.h                    rows to the format, in the order that was asked for
 *     signalling.c signalling.h        --signal in place of a look
 *     sought.c sought.h                items of lsof's line among sockets and processes
 *     untold.c untold.h                sockets that no table tells of, among the others
 *     vacating.c vacating.h            --free: the plan, the question, the second look, the end
 *     vacating_steps.c vacating_steps.h the steps carried out, each told
 *     view.c view.h                    what the options say of the lines that are printed
 *     waiting.c waiting.h              --wait-for and --wait-free: the clock, and the command
 *     watch_filter.c watch_filter.h    a filter that is typed while --watch runs
 *     watch_lines.c watch_lines.h      what the lines of --watch are, their order, and their text
 *     watch_screen.c watch_screen.h    the screen of --watch: head, lines, keys
 *     watch_state.h                    what --watch keeps from one look to the next
 *     watching.c watching.h            --watch in place of a look
 *   act/
 *     act_close.c act.h                the kernel closes one socket
 *     act_command.c                    a command is run with the caller's own rights
 *     act_signal.c                     one process gets a signal
 *     session.c                        by which connection the caller came to this machine
 *     wait.c wait.h                    does it listen, or can it be bound? Asked once
 *     wait_list.c                      the targets that are waited for
 *   explain/
 *     ask_program.c ask_program.h      the answer of a service manager or a container runtime
 *     bind_model.c bind_model.h        Linux's rules for two sockets and one port, as a pure function
 *     ephemeral.c ephemeral.h          how many ephemeral ports the connections to one destination use up
 *     culprits.c culprits.h            the processes that hold what is in the way, put together by program
 *     explain.c explain.h              --explain's order of work, from the command line's words to sentences
 *     explain_advice.c explain_advice.h sentences: what would free the port, most likely first
 *     explain_firewall.c explain_firewall.h whether other hosts reach the listeners on the port
 *     explain_head.c explain_head.h    the first lines: who has it, what frees it, which port nothing has
 *     explain_json.c                   the answer as one JSON object
 *     explain_nat.c explain_nat.h      rules that take the port's traffic, or bring it here
 *     explain_list.c                   several ports: of a list, a range, two protocols, a process, a program
 *     explain_notes.c explain_notes.h  sentences: what is no conflict and yet surprises; what was not seen
 *     explain_target.c explain_target.h [PROTO:][ADDR:]PORT
 *     explain_text.c                   the answer as a few plain lines
 *     explain_types.h                  what --explain is asked, and what its caller has collected
 *     explain_why.c explain_why.h      sentences: why it is refused, one a rule
 *     explain_words.c explain_words.h  the pieces that sentences are made of
 *     facts.c facts.h                  settings of this host: limits of ports, its addresses, its interfaces
 *     holders.c holders.h              the sockets on the port: found, judged, put together
 *     freeing.c freeing.h free_plan.h  the steps that would free a port, found and put into words
 *     inquiry.h                        the inside of a struct explain: data alone
 *     lineage.c lineage.h              which process started which, and may start it again
 *     near_ports.c near_ports.h        which of the ports above have a listener
 *     plan.c plan.h                    the binds that a server would try, from the command line's words
 *     probe.c probe.h                  trial binds, as the user they are planned for
 *     sigterm.c sigterm.h              what SIGTERM would do to a process
 *     socket_options.c socket_options.h options that no table tells, asked of the socket itself
 *     socket_unit.c socket_unit.h      which of systemd's socket units listens on the port
 *     tcp_options.c tcp_options.bpf.c tcp_options.h options of the TCP sockets on the port, by a BPF iterator
 *     verdict.c verdict.h              what the tables say, what the kernel says, and the verdict
 *   exposure/
 *     bpf_attached.c bpf_attached.h    BPF programs on interfaces and cgroups, counted
 *     connect.c connect.h              --connect: the stages of a connection, one after the other
 *     connect_ends.c                   who is at its other end: a listener here, or what connections show
 *     connect_out.c                    the answer as a few lines, and as one JSON object
 *     connect_parts.h                  the stages that have a file of their own
 *     connect_route.c connect_route.h  its route, its source address, its next hop
 *     connect_rules.c                  the rules it meets
 *     connect_types.h                  what is asked, and what the caller has collected
 *     connect_try.c                    one real connection, and what its end means
 *     connecting.h                     the inside of a struct connect: data alone
 *     exposure_words.c exposure_words.h layers and rules by their names
 *     exposure.c exposure.h            each listener against the rules, by each interface
 *     exposure_types.h                 what the caller has collected
 *     exposure_out.c                   the answer as a table for people, and as one JSON object
 *     host_layers.c host_layers.h      is there what may stop packets of every interface, and is not read?
 *     inject.c inject.h                one SYN for each listener and interface, judged by the kernel
 *     judged.h                         the inside of a struct exposure: data alone
 *     published.c published.h          ports that NAT sends to containers, or to another port
 *     ways.c ways.h                    interfaces by which packets come in, and what is attached to them
 *   health/
 *     first_look.c first_look.h        each socket's counters at the first look, found again at the second
 *     health.c health.h                two looks, judged: what is sick, and whose it is
 *     health_finding.h                 a hit, a finding, and the inside of a struct health
 *     health_out.c                     findings as text and as JSON
 *     health_rules.c health_rules.h    the rules, their thresholds and where these are from
 *     listener.c listener.h health_listener.h one listener, judged
 *     tallies.c tallies.h              sockets counted by destination, and by port of this host
 *   watch/
 *     past.c past.h                    a rate of the last minute, second by second, and its picture
 *     places.c places.h                rows that keep their place from one look to the next
 *     terminal.c terminal.h            the whole screen of a terminal
 *     traffic.c traffic.h              what the interfaces carry, and which addresses are this host's
 *   events/
 *     dumps.c dumps.h                  events as the difference of two looks
 *     event.h                          what happened to a socket, as data
 *     event_count.c                    the counters of struct tcp_info that an event tells
 *     event_keys.c event_keys.h        what an event says, by name, and a choice of that
 *     event_out.c event_out.h          an event as a line
 *     event_process.c event_process.h  what /proc tells of an event's process
 *     event_record.c event_record.h    a record of the BPF programs as an event
 *     event_style.h                    how events are to be written
 *     events.c events.h                the watch: what is loaded, the loop, the filter, what was lost
 *     program.h                        what both of the BPF programs are made of
 *     programs.c programs.h            BPF programs loaded, whichever protocol's
 *     record.h                         what they write and are told, for both sides
 *     ring.c ring.h                    a BPF ring buffer read without libbpf
 *     sock_events.c sock_events.bpf.c  TCP's (and, generated, sock_events.lskel.h), loaded
 *     unreachable.c unreachable.h      connects that are no event: those that fail before a SYN
 *     udp_events.c udp_events.bpf.c    UDP's (and, generated, udp_events.lskel.h), loaded
 *   evidence/
 *     blank.h                          what evidence_find() hands from one second look to the next
 *     evidence.c evidence.h            the order in which the second look is taken
 *     flight.c flight.h                descriptors that no process has open
 *     gone.c gone.h                    is the socket still there? Asked of the kernel again, by cookie
 *     tunnels.c tunnels.h              sockets the kernel opened for an interface or a server of its own
 *   firewall/
 *     condition.c condition.h          a condition that could not be decided, in nft's own words
 *     expression.c expression.h        nft's expressions over a packet that is known in part
 *     loads.c loads.h                  what a packet has where nft's expressions read it
 *     nft_attr.h                       a value as nf_tables nests it
 *     chains.c                         a packet through the chains of a hook
 *     port_bounds.c                    where what rules do with a packet may change as its port grows
 *     packet.c packet.h                a packet as far as it is known, its whole way, and what rules do with it
 *     registers.c registers.h          nft's registers: bytes that are known, varying or unread
 *     rule_ports.c rule_ports.h        the destination ports that a rule can hold for
 *     rule_run.h                       one rule being run over one packet
 *     ruleset.c ruleset.h              the rules of nftables in memory
 *     set_lookup.c set_lookup.h        is the key in the set, and what does the map give?
 *     sk_lookup.c sk_lookup.h          BPF programs that choose the socket of a packet
 *     xt.c xt.h                        the matches and targets that iptables-nft wraps
 *   collect/
 *     answers.c answers.h              the messages of a dump, live or recorded, as sockets to the sink
 *     attributes.c attributes.h        the netlink attributes behind the head of an answer
 *     bound.c bound.h                  sockets that are bound and nothing more, where no table tells of them
 *     bytecode.c bytecode.h            a filter's tree to the kernel's ops
 *     bytecode_ops.c                   one op of INET_DIAG_REQ_BYTECODE at a time
 *     collect.c collect.h              which source is asked, and which next if it cannot answer
 *     decode.h                         one answer of sock_diag to a struct sock
 *     descriptor_record.c descriptor_record.h sockets found by descriptors, in a recording
 *     destroy.c destroy.h              the multicast of sockets as they close
 *     family.h                         how an address family is asked for and read, a row each
 *     family_inet.c                    inet_diag: TCP, UDP, UDPLITE and raw sockets
 *     family_mptcp.c                   inet_diag's answers of MPTCP
 *     family_netlink.c                 netlink_diag
 *     family_sctp.c                    SCTP by inet_diag
 *     family_smc.c                     smc_diag
 *     family_tipc.c                    tipc_diag
 *     family_packet.c                  packet_diag
 *     family_unix.c                    unix_diag
 *     family_vsock.c                   vsock_diag
 *     family_xdp.c                     xsk_diag
 *     held.c held.h                    vsock and XDP sockets by descriptors, where no table tells of them
 *     lines.c lines.h                  a file of /proc/net, line by line
 *     netlink.c netlink.h              sockets from a live netlink wire, one dump at a time
 *     parts.c parts.h                  one dump of very many TCP sockets in parts by ranges of ports
 *     other_netns.c other_netns.h      the same port in other network namespaces
 *     procnet.h                        the readers of the files of /proc/net
 *     procnet_inet.c procnet_inet.h    /proc/net/{tcp,udp,udplite,raw}{,6}
 *     procnet_netlink.c                /proc/net/netlink
 *     procnet_packet.c                 /proc/net/packet
 *     procnet_sctp.c                   /proc/net/sctp/eps and assocs
 *     procnet_unix.c                   /proc/net/unix
 *     recorded.c recorded.h            what a recording was made of
 *     replaying.c replaying.h          sockets from a recording, read once
 *     request.c request.h              the smallest dumps that answer a query
 *     sockstat.c sockstat.h            how many sockets there are, before they are asked for
 *     source.h                         what a source of sockets is asked
 *     source_proc.c                    sockets from the text tables of /proc/net: which files, in which order
 *   format/
 *     csv.c                            csv and tsv
 *     format.h                         rows to bytes
 *     formats.c                        the formats by number
 *     json_document.c json_document.h  what JSON says of the whole answer, before and behind its rows
 *     json.c                           json and jsonl
 *     lsof.c                           the listing of lsof -i (lsof 4.95)
 *     lsof_fields.c lsof_fields.h      lsof -F
 *     lsof_line.c lsof_line.h          what both have: the files that were kept, and a line's texts
 *     mark.c mark.h                    the restrained colours of a terminal
 *     netstat.c                        the lines of netstat -W, column for column (net-tools 2.10)
 *     openmetrics.c openmetrics.h      OpenMetrics: families, samples, the end
 *     pad.c pad.h                      text in columns of a fixed width
 *     summary.c summary.h              sockets counted for --summary
 *     summary_json.c                   as one JSON object
 *     summary_metrics.c                as OpenMetrics
 *     summary_text.c                   as one screen of text
 *     table.c                          columns aligned to what is in them
 *     width.c width.h width_ranges.h   the places characters take
 *   select/
 *     address.c                        ends of sockets
 *     bare_target.c target.h           a word that stands for itself: ports, addresses, URLs
 *     by_owner.c                       whether processes can be chosen before their sockets
 *     bounded.c                        whether each alternative of a filter names what it is about
 *     column_term.c column_term.h      a column compared with numbers, text, or another column
 *     filter.c filter.h                the parts of a filter put together, and what the whole needs
 *     filter_parts.h                   struct filter, for the files that put parts into it or read them
 *     filter_types.h                   a filter's errors, needs and verdicts
 *     items.c                          lsof's lists beside -i
 *     judge.c judge.h                  a filter against one socket, in three values
 *     key_term.c key_term.h            sport, src, state ... compared with a value
 *     lexer.c lexer.h                  the words of a filter
 *     narrow.c                         what a query need not ask for, since no socket of that kind can fit the filter
 *     parser.c parser.h                recursive descent over the words of a filter (ss(8), EXPRESSION):
 *     ports.c                          lists of ports
 *     reading.c reading.h              pieces of text and complaints
 *     spec.c                           lsof's selection
 *     terms.c                          the values of the conditions that are neither ports nor hosts
 *   columns/
 *     column.c column.h                a column: a name, a type, where its values come from
 *     column_field.c column_field.h    a number fetched from a row, an owner or a detail
 *     column_list.c column_list.h      a choice of columns: --columns, the defaults, what they need
 *     column_source.c column_source.h  a socket and its owners, and what is the same for all sockets
 *     column_table.c column_table.h    every column, by number and by name
 *     columns.h                        the parts of the column table, one a file
 *     classic_bpf.c classic_bpf.h      a classic BPF program in words
 *     columns_extra.c                  the columns of -ee, -o and -m
 *     columns_family.c                 the columns of packet, netlink, MPTCP, vsock and XDP sockets
 *     columns_info.c                   the columns of struct tcp_info, and what follows from them
 *     columns_owner.c                  the columns of who holds a socket
 *     columns_rate.c                   the columns that two looks tell
 *     columns_socket.c                 the columns every socket has, and those of unix sockets
 *     columns_ulp.c                    the columns of what sits on a TCP connection
 *     detail.c detail.h                the columns of a group as name:value text
 *     family_text.c family_text.h      their ends and lists as text
 *     groups.c groups.h                sockets counted by the values of columns
 *     people.c people.h                numbers with a unit, scaled for people
 *     sort.c sort.h                    the order of rows by columns
 *     value.c value.h                  what a column says of a socket: a typed value, and its text
 *   host/
 *     cgroup.c cgroup.h                what a cgroup's path tells of units and containers
 *     cgroups.c                        the mounted cgroup hierarchy: its mount, ids to paths, paths and globs to ids
 *     containers.c containers.h        names of containers from the runtimes' own files
 *     host_numbers.c host_numbers.h    what the kernel counts beside its tables of sockets
 *     hosts.c hosts.h                  a hash of addresses over the array of what was looked up
 *     lookup.c lookup.h                names looked up where this host keeps them, /etc/hosts among them
 *     mountinfo.c mountinfo.h          the mounts that a process sees, and the way to them
 *     names.c names.h                  services, users and interfaces, each asked for once
 *     netns.c netns.h                  the network namespaces of this host, each once
 *     netns_label.c                    what they are called
 *     netns_record.c                   one as a recording names it
 *     netns_socket.c netns_socket.h    those that nothing holds but a socket
 *     netns_visit.c                    a thread that goes from one to the next
 *     own_links.c own_links.h          the host's addresses and interfaces, by rtnetlink(7)
 *     resolver.c resolver.h            threads that ask for host names
 *   owners/
 *     bpf.c bpf.h                      the finder that asks the kernel's task_file iterator
 *     bpf_records.c bpf_records.h      from the iterator's records to findings
 *     carry.c carry.h                  owners from one look to the next
 *     census.c                         which processes fit, before any descriptor is read
 *     crew.c crew.h                    a few threads and a counter
 *     denied.c                         what forbids to look into processes, where nothing else can
 *     descriptors.c descriptors.h      every socket that is a descriptor of a process, for what no table tells
 *     dir.c dir.h                      reading directories
 *     early.c                          the BPF look taken while the kernel still dumps its sockets
 *     finder.h                         who has an fd on which socket
 *     findings.c findings.h            what one thread of a finder has found so far
 *     inode_index.c inode_index.h      the set of socket inodes that owners are looked for, each with a number
 *     join.c                           every thread's findings become one answer
 *     owner.c owner.h                  what the joined answer says of one socket
 *     owner_listener.c                 whose accept() a connection waits for
 *     owner_reason.c                   why a row shows no owner, from the row and from how the look for owners went
 *     parents.c                        the processes above the owners: each read once, and looked up
 *     pidns.c pidns.h                  pid and time namespaces
 *     process.c process.h process_text.h comm, argv, uid and the rest of one process
 *     process_list.c process_list.h    the one reader of /proc's pids
 *     reason.h                         why a socket shows no owner
 *     scan.c scan.h                    the fds of one process
 *     tables.c tables.h                threads with an fd table of their own
 *     task_file.c task_file.bpf.c task_file.h the BPF program (and, generated, task_file.lskel.h), loaded
 *     task_iter.h                      what the BPF programs over tasks are made of
 *     task_runs.c task_runs.h          which processes ran between two moments
 *     task_sock.c task_sock.bpf.c task_sock.h task_sock_record.h the sockets of processes in all network namespaces, by BPF
 *     walk.c walk.h                    the finder that works everywhere
 *   sock/
 *     addr.c addr.h                    addresses as text, and what their bits say
 *     event_kind.c event_kind.h        what can happen to a socket
 *     expr.c expr.h                    building and reading the tree of a filter
 *     expr_ports.c                     which ports a filter leaves possible
 *     payload.c payload.h              the bytes of programs, out of TCP's counters
 *     proto.c proto.h                  the tables of protocols and states
 *     query.c query.h                  what a query selects
 *     rates.c rates.h                  what went over each socket between two looks
 *     row.h                            a socket as data
 *     rows.c                           the table of sockets
 *   wire/
 *     ahead.c                          a wire whose long answers are received by a thread of its own
 *     attrs.c attrs.h                  the attributes of a netlink message
 *     exchange.c exchange.h            one request and its answer: the loop over netlink messages
 *     merge.c                          several wires as one, received side by side
 *     reader.c reader.h                a thread that receives the answer of one wire into slots
 *     framing.h                        where one netlink message ends and the next begins
 *     origin.c origin.h                where a recording was made, and what its kernel told
 *     record.c                         wires that write and read a file of netlink messages
 *     served.c                         the live wire, used by a thread that has the rights for it
 *     wire.c wire.h                    the live wire
 *   base/
 *     bpf_skeleton.c bpf_skeleton.h    light skeletons of BPF programs loaded by bpf(2)
 *     bpf_program.h                    how the BPF programs are written
 *     countof.h                        how many items an array has
 *     cpu_time.c cpu_time.h            the processor's time that this process has used
 *     cpus.c cpus.h                    affinity mask, cgroup quota, and what other programs leave
 *     errno_name.c errno_name.h        the names of errors
 *     error.c error.h                  the one way an error is filled in
 *     file.c file.h                    the one reader of small files
 *     glob.c glob.h                    shell patterns over bytes that may be anything, in bounded time
 *     json_string.c json_string.h      text as JSON strings
 *     message.c message.h              one line a message to standard error
 *     near.c near.h                    how far a mistyped word is from a known one
 *     out.c out.h                      buffered standard output
 *     privilege.c privilege.h          the only file that knows libcap
 *     sandbox.c sandbox.h              Landlock and seccomp: nothing is opened any more
 *     servant.c servant.h              a thread that keeps capabilities which its caller gives up
 *     signal_name.c signal_name.h      the names of signals
 *     stat_line.c stat_line.h          whose child a process is, and since when
 *     text.c text.h text_hidden.h      numbers, addresses and hostile text as printable bytes
 *     vec.h                            growing an array by doubling, with the multiplication checked
 *
 * A room includes those below it and none above. A header that another room
 * includes lies in include/sockview/, every other beside its source. `make
 * check-layers` holds the tree to this map, which names every file. tests/README.md
 * says what is where among the tests.
 *
 * One run: options -> privileges put away -> the caller's files opened ->
 * sockets dumped -> their inodes indexed -> privileges raised -> fds scanned
 * -> joined -> privileges dropped -> names -> format -> sandbox -> output checked.
 * Without owners to find, rows are written while the kernel still answers.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/bpf_skeleton.h>
#include <sockview/cli.h>
#include <sockview/message.h>
#include <sockview/run.h>

/* A second signal is not waited for: it ends the program at once (SA_RESETHAND). */
static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
	(void)number;
	stop_asked = 1;
}

/* A signal that the caller set to be ignored stays ignored: a shell keeps Ctrl-C from its background jobs so. */
static void catch_signal(int number)
{
	struct sigaction stop = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND }, before;
	if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(number, &stop, NULL);
}

static void catch_signals(bool continuous)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	/* write(2) tells of a closed pipe: a quiet end of the program, not a death by signal. */
	sigaction(SIGPIPE, &ignore, NULL);
	if (!continuous)
		return;
	catch_signal(SIGINT);
	catch_signal(SIGTERM);
}

static char *version_text(void)
{
	char *text;
	int len = asprintf(&text, "sockview " SOCKVIEW_VERSION " (%s)\n", bpf_built_in());
	return len < 0 ? NULL : text;
}

/* ss names a file of `ss -D` so. It is opened as --replay's file is, with the caller's own rights. */
static void replay_from_environment(struct options *options)
{
	const char *file = getenv("TCPDIAG_FILE");
	bool live = options->record || options->source != SOURCE_AUTO || options->mode == MODE_EXPLAIN ||
	            options->mode == MODE_EXPOSURE || options->mode == MODE_EVENTS || options->mode == MODE_FREE;
	if (file && *file && !options->replay && !live)
		options->replay = file;
}

static enum exit_status answer(struct options *options, const struct privilege *privilege)
{
	/* The commands of --wait-for and --free get them as they are. */
	if (options->mode != MODE_WAIT && options->mode != MODE_FREE)
		catch_signals(options->continuous || options->mode == MODE_EVENTS);
	switch (options->mode) {
	case MODE_HELP:
		return run_print(options, options_help(options->help_all));
	case MODE_VERSION:
		return run_print(options, version_text());
	case MODE_COMPLETIONS:
		return run_print(options, completions_script(options->completions));
	case MODE_COLUMNS:
		return run_print(options, columns_help());
	default:
		replay_from_environment(options);
		options->sandbox = true;
		return run_invocation(options, privilege, &stop_asked);
	}
}

int main(int argc, char **argv)
{
	struct options options;
	struct privilege privilege;
	char problem[OPTIONS_PROBLEM_MAX];
	enum exit_status status = EXIT_USAGE;
	if (privilege_begin(&privilege) < 0) {
		message("cannot put privileges away: %s", strerror(errno));
		return EXIT_NO_ANSWER;
	}
	if (options_parse(&options, argc, argv, problem) < 0)
		message_usage("%s", problem);
	else
		status = answer(&options, &privilege);
	options_free(&options);
	return status;
}
