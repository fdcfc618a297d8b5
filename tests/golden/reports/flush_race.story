FAIL flush_race [size=64] defect task-done-before-flush seed 1: order

  expectation  scenarios/flush_race.yaml:31: rank 0 d2h.end comes before rank 0 mailbox.publish
               state=TASK_DONE
  expected     d2h.end of rank 0 before mailbox.publish state=TASK_DONE of rank 0
  observed     mailbox.publish came first: TASK_DONE was there while the flush still ran

what happened (1st and 2nd: the order expected)
     event    time  parent                       | rank 0                        where
         0       0  step 1: init                 |                               flush_race.yaml:12
         1       0  start.fork                   |
       ...  2 more
         4       0                               | child.ready
         5       0  mailbox.publish TASK_READY   |
         6       0  waits for a change of object |                               libchip.so.0+0x3456
                    0 + 0, until 120s            |
         7       0                               | mailbox.observe TASK_READY
2nd>     8  10.5us                               | mailbox.publish TASK_DONE     libchip.so.0+0x1234
        10  10.5us                               | d2h.begin buffer=0            libchip.so.0+0x1300
                                                 | bytes=8192
        11  10.5us                               | d2h.chunk buffer=0 index=0    libchip.so.0+0x1300
                                                 | bytes=4096
        12  10.5us                               | is held here (hold 1)
        13  20.5us  mailbox.observe TASK_DONE    |                               libchip.so.0+0x3456
        14  20.5us                               | hold 1 is met
        15  20.5us  check 1: 4096 bytes differ   |                               flush_race.yaml:33
        16  20.5us                               | d2h.chunk buffer=0 index=1    libchip.so.0+0x1300
                                                 | bytes=4096
1st>    17  20.5us                               | d2h.end buffer=0 bytes=8192   libchip.so.0+0x1300
        18  20.5us                               | ends: exit 0

stacks
  > event 8, rank 0: mailbox.publish rank=0 state=TASK_DONE generation=7 error=0
      libchip.so.0+0x1234
      libchip.so.0+0x2345
  > event 17, rank 0: d2h.end rank=0 buffer=0 bytes=8192 error=0
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
