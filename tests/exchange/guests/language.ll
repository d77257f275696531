target triple = "x86_64-unknown-linux-musl"

declare i32 @motte_block_alloc_checked(i64)
declare ptr addrspace(1) @motte_block_open(i32)
declare void @llvm.memset.p1.i64(ptr addrspace(1), i8, i64, i1)
declare void @llvm.memmove.p1.p1.i64(ptr addrspace(1), ptr addrspace(1), i64, i1)
declare <4 x i32> @llvm.masked.load.v4i32.p1(ptr addrspace(1), i32, <4 x i1>, <4 x i32>)

define i32 @main() {
  %handle = call i32 @motte_block_alloc_checked(i64 4096)
  %block = call ptr addrspace(1) @motte_block_open(i32 %handle)
  %hidden = freeze i64 1000
  call void @llvm.memset.p1.i64(ptr addrspace(1) %block, i8 3, i64 %hidden, i1 false)
  %second = getelementptr inbounds i8, ptr addrspace(1) %block, i64 996
  call void @llvm.memmove.p1.p1.i64(ptr addrspace(1) %second, ptr addrspace(1) %block, i64 100, i1 false)
  %address = ptrtoint ptr addrspace(1) %block to i64
  %later = add i64 %address, 1088
  %pointer = inttoptr i64 %later to ptr addrspace(1)
  %four = call <4 x i32> @llvm.masked.load.v4i32.p1(ptr addrspace(1) %pointer, i32 1, <4 x i1> <i1 true, i1 true, i1 false, i1 true>, <4 x i32> splat (i32 0))
  %sum = call i32 @llvm.vector.reduce.add.v4i32(<4 x i32> %four)
  %fine = icmp eq i32 %sum, 101058054
  %status = select i1 %fine, i32 0, i32 1
  ret i32 %status
}

declare i32 @llvm.vector.reduce.add.v4i32(<4 x i32>)
