extension TextCopy {
  /// Copies traps to so many bytes of a region, at most a page at a time.
  func fill(_ region: CodeRegion, from offset: Int, byteCount: Int) throws(CodePackError) {
    // SAFETY: the page's bytes are whole, and what traps is only copied.
    let page = unsafe trapPage.span.bytes
    var done = 0
    while done < byteCount {
      let count = min(page.byteCount, byteCount - done)
      try copy(page.extracting(first: count), region, offset + done)
      done += count
    }
  }
}
