# Twin of reject/m4-bit-test-on-the-stack.s, without the fault.
function f
        pushq %rax
        btl $3, (%rsp)
        popq %rax
        ret
end f
