FAIL flush_race [size=64] defect task-done-before-flush seed 1: hang

  expected     the run ends
  observed     every actor waits and no deadline is left

what happened
  event    time  parent                     | rank 0                             where
      0       0  step 1: init               |                                    flush_race.yaml:12
      1       0  start.fork                 |
    ...  2 more
      4       0                             | child.ready
      5       0  mailbox.publish TASK_READY |
      7       0                             | mailbox.observe TASK_READY
      8  10.5us                             | mailbox.publish TASK_DONE          libchip.so.0+0x1234
     10  10.5us                             | d2h.begin buffer=0 bytes=8192      libchip.so.0+0x1300
     11  10.5us                             | d2h.chunk buffer=0 index=0         libchip.so.0+0x1300
                                            | bytes=4096
     12  10.5us                             | is held here (hold 1)
     13  20.5us  mailbox.observe TASK_DONE  |                                    libchip.so.0+0x3456
     14  20.5us                             | hold 1 is met
     15  20.5us  check 1: 4096 bytes differ |                                    flush_race.yaml:33
     16  20.5us                             | d2h.chunk buffer=0 index=1         libchip.so.0+0x1300
                                            | bytes=4096
     17  20.5us                             | d2h.end buffer=0 bytes=8192        libchip.so.0+0x1300
     18  20.5us                             | ends: exit 0

who waits for what
  parent waits for a change of /chip-<parent>-mailboxes object 0 + 0, which holds 1, since 0 (event
      6), without a deadline
      libchip.so.0+0x3456
  rank 0 is held before d2h.chunk by hold 1
      libchip.so.0+0x1300
      libchip.so.0+0x2345

what the plan did
  hold 1 (flush_race.yaml line 20): rank 0 before d2h.chunk[1] until parent passed mailbox.observe
      state=TASK_DONE: held for 3 steps; met
  hold 2 (flush_race.yaml line 24): rank 0 before mailbox.publish[1] until parent passed d2h.end:
      held for 14 steps; ended because the actor that was held died
  fault 1 (flush_race.yaml line 27): shm_open of rank 0 fails with EMFILE: never struck (2 of its
      kind seen)

replay: chipharness replay out/flush_race/1.chsched
