# C1. The bytes inside an instruction are other instructions.
function f
bad:    jmp 1f+1
1:      movl $0xc3c3c3c3, %eax
        ret
end f
