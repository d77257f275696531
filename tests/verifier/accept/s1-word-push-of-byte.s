# Twin of reject/s1-word-push-of-byte.s, without the fault.
function f
        pushq $0x12
        popq %rax
        ret
end f
