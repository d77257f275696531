# M2. The last four bytes of an eight-byte access reach the return address.
function f
        pushq %rax
bad:    movq %rcx, 4(%rsp)
        popq %rax
        ret
end f
