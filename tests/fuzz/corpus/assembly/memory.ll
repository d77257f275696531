; Frames, vectors, atomics, thread-safe and unaligned accesses, and data of several kinds.
@table = dso_local constant [4 x ptr] [ptr @frame, ptr @vector, ptr null, ptr @table]
@text = private unnamed_addr constant [12 x i8] c"a \22#;\5Ctext\0A\00"
@zero = dso_local global [100 x i32] zeroinitializer, align 64
@"odd name" = weak dso_local global i128 1
@alias = dso_local alias i128, ptr @"odd name"

define dso_local i32 @frame(i32 %i) #0 {
  %a = alloca [40 x i32]
  %p = getelementptr [40 x i32], ptr %a, i32 0, i32 3
  store volatile i32 %i, ptr %p
  %v = load volatile i32, ptr %p
  %old = atomicrmw add ptr @zero, i32 %v seq_cst
  %q = getelementptr [100 x i32], ptr @zero, i32 0, i32 %i
  store i32 %old, ptr %q
  ret i32 %v
}

define dso_local void @vector(ptr %p, ptr %q) #0 {
  %a = load <8 x float>, ptr %p, align 1
  %b = load <8 x float>, ptr %q, align 32
  %c = fmul <8 x float> %a, %b
  %d = fadd <8 x float> %c, <float 1.0, float 2.0, float 3.0, float 4.0, float 5.0, float 6.0, float 7.0, float 8.0>
  store <8 x float> %d, ptr %p, align 1
  ret void
}
