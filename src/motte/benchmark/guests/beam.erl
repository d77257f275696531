%% Erlang's own processes, for comparison, on one scheduler: prints "NAME NANOSECONDS", the shortest of many batches,
%% and "idle_bytes BYTES".
-module(beam).
-export([main/0]).

-define(PROCESSES, 1000).
-define(YIELDS, 10000).
-define(CALLS, 10000).
-define(HOPS, 1000000).

main() ->
    io:format("spawn ~f~nburst ~f~nswitch ~f~nping_pong ~f~nlarge ~f~nhop ~f~nidle_bytes ~b~n",
              [shortest(50, fun one_by_one/0) / ?PROCESSES,
               shortest(50, fun all_at_once/0) / ?PROCESSES,
               shortest(50, fun switches/0) / (2 * ?YIELDS),
               shortest(50, fun() -> calls(a) end) / ?CALLS,
               shortest(50, fun() -> calls(binary:copy(<<0>>, 65536)) end) / ?CALLS,
               shortest(3, fun ring/0) / ?HOPS,
               idle_bytes()]),
    halt().

shortest(Batches, Batch) ->
    lists:min([elapsed(Batch) || _ <- lists:seq(1, Batches)]).

elapsed(Batch) ->
    Start = erlang:monotonic_time(nanosecond),
    Batch(),
    erlang:monotonic_time(nanosecond) - Start.

start(Body) ->
    {_, Monitor} = spawn_monitor(Body),
    Monitor.

await(Monitor) ->
    receive {'DOWN', Monitor, process, _, _} -> ok end.

one_by_one() ->
    [await(start(fun() -> ok end)) || _ <- lists:seq(1, ?PROCESSES)].

all_at_once() ->
    Monitors = [start(fun() -> ok end) || _ <- lists:seq(1, ?PROCESSES)],
    [await(Monitor) || Monitor <- Monitors].

switches() ->
    Monitor = start(fun() -> yields(?YIELDS) end),
    yields(?YIELDS),
    await(Monitor).

yields(0) -> ok;
yields(Left) -> erlang:yield(), yields(Left - 1).

calls(Term) ->
    Server = spawn(fun serve/0),
    call(Server, Term, ?CALLS),
    Server ! stop.

serve() ->
    receive
        {From, _} -> From ! ok, serve();
        stop -> ok
    end.

call(_, _, 0) -> ok;
call(Server, Term, Left) ->
    Server ! {self(), Term},
    receive ok -> call(Server, Term, Left - 1) end.

ring() ->
    Self = self(),
    Next = lists:foldl(fun(_, To) -> spawn(fun() -> ring_node(To) end) end, Self, lists:seq(2, ?PROCESSES)),
    first(Next, ?HOPS div ?PROCESSES),
    Next ! stop,
    receive stop -> ok end.

first(_, 0) -> ok;
first(Next, Left) ->
    Next ! hop,
    receive hop -> first(Next, Left - 1) end.

ring_node(Next) ->
    receive
        hop -> Next ! hop, ring_node(Next);
        stop -> Next ! stop
    end.

idle_bytes() ->
    Idle = spawn(fun() -> receive stop -> ok end end),
    timer:sleep(10),
    {memory, Bytes} = process_info(Idle, memory),
    Bytes.
