; A switch with a jump table, calls of every kind, and more arguments than there are registers.
declare dso_local i64 @outside(i64, i64, i64, i64, i64, i64, i64, i64) #0

define dso_local i64 @switch(i64 %x, i64 %y) #0 {
  switch i64 %x, label %other [ i64 0, label %a  i64 1, label %b  i64 2, label %c  i64 3, label %d  i64 4, label %e ]
a: ret i64 %y
b: %b1 = mul i64 %y, 3
  ret i64 %b1
c: %c1 = tail call i64 @switch(i64 %y, i64 %x)
  ret i64 %c1
d: %d1 = call i64 @outside(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 %x, i64 %y)
  %d2 = udiv i64 %d1, %y
  ret i64 %d2
e: unreachable
other: ret i64 -5
}

define dso_local i64 @pointer(ptr %f, i64 %x) #0 {
  %r = call i64 %f(i64 %x) [ "kcfi"(i32 1) ]
  %s = tail call i64 %f(i64 %r) [ "kcfi"(i32 1) ]
  ret i64 %s
}
