# D3. 64 is a prefix in programs only that reach blocks.
function f
bad:    movl %fs:(%eax), %ecx
        ret
end f
