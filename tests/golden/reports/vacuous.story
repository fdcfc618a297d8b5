VACUOUS flush_race [size=64] seed 1: vacuous  11 steps, 6 switches, 20.5us virtual
  expectation  scenarios/flush_race.yaml:24: hold 2
  observed     rank 0 never came to mailbox.publish[1]
  hold 1 (flush_race.yaml line 20): rank 0 before d2h.chunk[1] until parent passed mailbox.observe
      state=TASK_DONE: held for 3 steps; met
  hold 2 (flush_race.yaml line 24): rank 0 before mailbox.publish[1] until parent passed d2h.end:
      never reached
  fault 1 (flush_race.yaml line 27): shm_open of rank 0 fails with EMFILE: never struck (2 of its
      kind seen)
