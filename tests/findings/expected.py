"""What is wrong with each program of workloads/bugs, as its header asks.

A finding is (rule, severity, objects).  Objects are told by the names that the programs
themselves give, and are looked up in the truth that each program writes:

    task NAME        by its name
    task of QUALNAME by its coroutine, every one
    orphan QUALNAME  every orphan of that function
    agen QUALNAME    an async generator
    loop of NAME     the loop of that task
    other            an object that Python tells nothing about: a lock, a queue, a loop
                     without tasks, the future of a gather

Findings of severity info may come besides; of the others none may.
"""

NO_COUNT_BEFORE = (3, 11)       # a task counts requests to cancel it from here on
NO_COUNT_LEFT_SINCE = (3, 13)

EXPECTED = {
    "agen_not_closed": [
        ("unfinished-async-generator", "warning", ["agen rows"])],
    "blocked_loop": [
        ("blocked-loop", "error", ["loop of report", "task report"])],
    "debug_origin": [
        ("never-awaited", "error", ["orphan charge"])],
    "exception_never_retrieved": [
        ("unretrieved-exception", "error", ["task importer"])],
    "fire_and_forget": [
        ("unreferenced-task", "error", ["task forgotten"])],
    "foreign_loop_future": [
        ("unretrieved-exception", "warning", ["task crosser"]),     # main may still await it
        ("wrong-loop", "error", ["task crosser"])],
    "gather_never_awaited": [
        ("unawaited-gather", "warning", ["task of fetch", "other"])],
    "lock_deadlock": [
        ("deadlock", "error", ["task forth", "task back", "other", "other"])],
    "loop_closed_with_pending": [
        ("pending-on-closed-loop", "error", ["task poller-0", "task poller-1"])],
    "lost_wakeup": [
        ("missed-wakeup", "error", ["task waiter"])],
    "mock_return_coroutine": [
        ("never-awaited", "error", ["orphan load"]),
        ("never-awaited", "error", ["orphan AsyncMockMixin._execute_mock_call"])],
    "never_awaited_in_list": [
        ("never-awaited", "error", ["orphan send_mail"])],
    "queue_join_stuck": [
        ("stuck-join", "warning", ["task of main", "other"])],
    "reused_coroutine": [
        ("reused-coroutine", "error", ["task second"]),
        ("unretrieved-exception", "error", ["task second"])],
    "swallowed_cancel": [
        ("ignored-cancel", "warning", ["task stubborn"])],
    "task_cycle": [
        ("await-cycle", "error", ["task a", "task b"])],
    "threadsafe_dead_loop": [
        ("never-awaited", "error", ["orphan refresh"]),
        ("scheduled-on-stopped-loop", "error", ["orphan refresh", "other"])],
    "tracemalloc_on": [
        ("never-awaited", "error", ["orphan send_mail"])],
    "truthy_coroutine": [
        ("never-awaited", "error", ["orphan save"])],
    "warnings_ignored": [
        ("never-awaited", "error", ["orphan audit"]),
        ("warnings-suppressed", "info", ["orphan audit"])],
}


def expected(program, version):
    """A TaskGroup of 3.11 and 3.12 leaves requests counted, so that a count says less."""
    found = []
    for rule, severity, objects in EXPECTED[program]:
        if rule == "ignored-cancel" and version < NO_COUNT_BEFORE:
            continue
        if rule == "ignored-cancel" and version < NO_COUNT_LEFT_SINCE:
            severity = "info"
        found.append((rule, severity, objects))
    return found
