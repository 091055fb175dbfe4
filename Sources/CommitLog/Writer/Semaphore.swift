import Glibc

/// A counting semaphore: what one thread waits on until another posts.
final class Semaphore: Sendable {
  // POSIX makes calls on one semaphore from many threads safe; the address is fixed for the object's life.
  private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

  init() {
    semaphore = .allocate(capacity: 1)
    precondition(sem_init(semaphore, 0, 0) == 0, "sem_init failed with errno \(errno)")
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func post() {
    precondition(sem_post(semaphore) == 0, "sem_post failed with errno \(errno)")
  }

  func wait() {
    while sem_wait(semaphore) != 0 {
      precondition(errno == EINTR, "sem_wait failed with errno \(errno)")
    }
  }
}
