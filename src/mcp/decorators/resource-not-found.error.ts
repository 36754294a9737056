/**
 * Thrown by a resource's `read` where its URI template fits but nothing is there, or nothing that this caller
 * may know of: the client gets the answer that it gets for any URI of no resource. The message is for tests
 * and debuggers; nobody else sees it.
 */
export class ResourceNotFoundError extends Error {
  override readonly name = 'ResourceNotFoundError';
}
