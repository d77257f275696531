# Twin of reject/s1-word-push-of-immediate.s, without the fault.
function f
        pushq $0x1234
        popq %rax
        ret
end f
