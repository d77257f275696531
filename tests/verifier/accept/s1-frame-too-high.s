# Twin of reject/s1-frame-too-high.s, without the fault.
function f
        subq $65536, %rsp
        addq $65536, %rsp
        ret
end f
