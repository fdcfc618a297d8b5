FAIL flush_race [size=64] defect task-done-before-flush seed 1: hang

  expected     the run ends
  observed     every actor waits and no deadline is left

what happened (> decides)
    event       time  parent                               | rank 0
        0          0  step 1: init                         |
        1          0  start.fork rank=0                    |
        2          0  (call) fork result=rank 0 a=0 b=0    |
        3          0                                       | (start) rank 0 by=parent
        4          0                                       | child.ready
        5          0  mailbox.publish rank=0               |
                      state=TASK_READY generation=7        |
                      error=0                              |
        6          0  (wait) futex object=0 offset=0       |
                      value=1 deadline=120s                |
                      libchip.so.0+0x3456                  |
        7          0                                       | mailbox.observe state=TASK_READY
                                                           | generation=7
        8     10.5us                                       | mailbox.publish state=TASK_DONE
                                                           | generation=7 error=0
                                                           | libchip.so.0+0x1234
      ...   1 more
       10     10.5us                                       | d2h.begin buffer=0 bytes=8192
                                                           | libchip.so.0+0x1300
       11     10.5us                                       | d2h.chunk buffer=0 index=0
                                                           | bytes=4096
                                                           | libchip.so.0+0x1300
       12     10.5us                                       | is held here (hold 1)
       13     20.5us  mailbox.observe rank=0               |
                      state=TASK_DONE generation=7         |
                      libchip.so.0+0x3456                  |
       14     20.5us                                       | hold 1 is met
       15     20.5us  check 1 unequal offset=4096          |
                      differing=4096: buffer out of rank 0 |
                      equals fill 0x5a                     |
       16     20.5us                                       | d2h.chunk buffer=0 index=1
                                                           | bytes=4096
                                                           | libchip.so.0+0x1300
       17     20.5us                                       | d2h.end buffer=0 bytes=8192 error=0
                                                           | libchip.so.0+0x1300
       18     20.5us                                       | (exit) rank 0 status=exit 0

who waits for what
  parent waits (futex) for a change of the word at offset 0 of object 0 /chip-<parent>-mailboxes,
      which holds 1, since 0 (event 6), without a deadline
      libchip.so.0+0x3456
  rank 0 is held before d2h.chunk by hold 1
      libchip.so.0+0x1300
      libchip.so.0+0x2345

what the plan did
  hold 1 (flush_race.yaml line 20): rank 0 before d2h.chunk[1] until parent passed mailbox.observe
      state=TASK_DONE: held for 3 steps; met
  hold 2 (flush_race.yaml line 24): rank 0 before mailbox.publish[1] until parent passed d2h.end:
      held for 14 steps; ended because nobody else could run: the order asked for cannot happen in
      this build
  fault 1 (flush_race.yaml line 27): shm_open of rank 0 fails with EMFILE: never struck (2 of its
      kind seen)

replay: chipharness replay out/flush_race/1.chsched
