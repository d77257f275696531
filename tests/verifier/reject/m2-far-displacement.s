# M2. A displacement far below the frame.
function f
        pushq %rax
bad:    movq -0x80000000(%rsp), %rcx
        popq %rax
        ret
end f
